"""Child processes: how they start, what is said to them, their limits, and how they are ended.

`Supervisor` has a worker, which is a process of its own, call functions. `program.run` runs one
program that is not ours. Both end whatever was started along with it.
"""
