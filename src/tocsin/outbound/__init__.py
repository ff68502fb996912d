"""How a request leaves for the outside, under a hard deadline; imports nothing of Tocsin."""
