"""Compression against parameters and training steps: ladders of models, and laws fitted to them."""
