"""The makers behind make.py: text with a structure, pictures, sound."""
