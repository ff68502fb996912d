"""The inbox inside Tocsin: always reachable, because the stored delivery is the entry."""
