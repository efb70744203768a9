collect_ignore = ["outside"]
"""A package of its own with tests of its own; `test_outside.py` installs it and runs them."""
