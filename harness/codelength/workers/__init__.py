"""Child processes: their limits, their environment, their messages, and how they are ended."""
