"""Machines that tell us something, one folder each; imports core and engine, never a sibling."""
