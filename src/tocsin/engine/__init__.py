"""Load, ask the core, save, hand out; imports only the core and reaches the world through ports."""
