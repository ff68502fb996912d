"""The plan: from text to a checked value; imports only the core."""
