"""Metrics: figures about many incidents over a time."""
