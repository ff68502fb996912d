"""The API under /api/v1: JSON in, JSON or problem documents out; imports core, engine and web."""
