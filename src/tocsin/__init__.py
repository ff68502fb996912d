"""Tocsin: an incident response plan, running."""

__version__ = "0.1.0"
