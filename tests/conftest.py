import os
import signal

collect_ignore = ["outside"]
"""A package of its own with tests of its own; `test_outside.py` installs it and runs them."""

# What surrounds the tests is for them, and for what they start, as on a new machine.
for variable in ("CODELENGTH_DATA", "CODELENGTH_DEVICE"):
    os.environ.pop(variable, None)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # so is what a script starts behind itself
    signal.signal(signal.SIGINT, signal.default_int_handler)
