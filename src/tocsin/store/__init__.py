"""Where the record is kept, on SQLite or PostgreSQL; imports core and engine."""
