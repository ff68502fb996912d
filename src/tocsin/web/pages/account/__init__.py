"""A person's own account, signing in, and who may get in at all."""
