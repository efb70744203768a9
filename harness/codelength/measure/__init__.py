"""Running: what there is to measure, the processes that measure it, and the machine they are on."""
