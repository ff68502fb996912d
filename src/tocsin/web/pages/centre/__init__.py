"""The command centre: everything that goes on, and how the installation itself does."""
