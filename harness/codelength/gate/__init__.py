"""Fails when a codec gets worse: measures a small grid and compares it with an accepted baseline.

Sizes, blobs and round trips are exact, so a change of them fails the gate. Times are advice, unless
`--time block` is given. `outcome.check` compares, `outcome.accept` makes a baseline.

The process that times a codec imports this package, so it imports nothing itself.
"""
