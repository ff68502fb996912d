"""Signed JSON over HTTP, after the Standard Webhooks specification."""
