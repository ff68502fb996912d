"""The schema's history, run by Alembic; see store/upgrade.py."""
