"""The history of a gate: sizes and times over the commits, and where they made a step."""
