"""The board as text, files and data."""
