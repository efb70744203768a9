"""What context is worth: bits a byte by position and by prefix, with controls."""
