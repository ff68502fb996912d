"""Slack over incoming webhooks: a message with blocks and a button that leads to Tocsin."""
