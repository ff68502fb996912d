"""One incident: its events, its states, and the functions that decide; imports only the core."""
