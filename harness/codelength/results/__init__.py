"""What was measured, and the folder that it is stored in."""
