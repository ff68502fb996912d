"""The world around incidents on a virtual clock: alerts, messages on their way, what breaks."""
