"""What a plan says, in words that can be read aloud."""
