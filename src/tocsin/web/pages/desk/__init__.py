"""The communication desk, and what support may say."""
