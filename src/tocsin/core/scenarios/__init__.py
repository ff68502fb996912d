"""Scenario files: what happens, and what is expected of the plan; read, played and judged."""
