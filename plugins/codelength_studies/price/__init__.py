"""What a codec costs with its model, at several prices of a parameter."""
