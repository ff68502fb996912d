"""What pages say: sentences of a timeline, hints, and what people have written."""
