"""The ways in: how people prove who they are, and how they set that up."""
