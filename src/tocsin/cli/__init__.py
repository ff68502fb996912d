"""The commands, one file each; imports assemble and core."""
