"""The public status page: made as files, written, served, subscribed to."""
