"""Machines that send alerts: connected and tried out."""
