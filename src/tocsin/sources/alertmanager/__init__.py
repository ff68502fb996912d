"""Alertmanager, and what speaks its language: webhook version 4 and its HTTP API version 2."""
