"""People, and the ways in which they can be reached."""
