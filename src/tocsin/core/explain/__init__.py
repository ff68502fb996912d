"""One clause of a plan in words: what it says, what is assumed, what comes of it."""
