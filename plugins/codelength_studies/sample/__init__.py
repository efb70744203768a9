"""Text from any codec or predictor: prediction and compression are one thing."""
