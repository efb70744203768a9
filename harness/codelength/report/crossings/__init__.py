"""Break-evens: from which corpus size on a codec pays for what its receiver must hold."""
