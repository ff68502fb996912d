"""The deterministic simulator: the engine of production through a bad night, from one number."""
