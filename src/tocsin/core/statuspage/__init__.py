"""The public status page as a value: what everybody may see, made from what was published."""
