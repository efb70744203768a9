"""`codelength train`: makes byte models such as those in the box, from any bytes."""
