"""Child processes: how they start, what is said to them, their limits, and how they are ended.

`supervisor.Supervisor` has a worker call functions. The worker is a process with a session of its
own. `child` is what it runs: two processes, of which one calls the functions and the other guards.
The guard ends what the first one leaves behind and removes its folder, however it ends, also if the
process that it serves is killed. Only a codec that kills its guard can leave something.

Requests and replies go over a socket, as `messages` describes; `calls` answers them. What the
worker prints comes through a pipe, of which the end is kept. `processes` has the environment of
each kind of child, and what is killed along with it. `limits` is for use within a worker.

`pool.Pool` shares calls among several workers. `program.started` runs one program that is not ours.
"""
