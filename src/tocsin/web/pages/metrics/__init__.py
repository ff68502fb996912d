"""Metrics: figures about many incidents, as tables and charts."""
