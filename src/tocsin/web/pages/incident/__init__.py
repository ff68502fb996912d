"""One incident: its room, declaring one, and the links by which it is answered."""
