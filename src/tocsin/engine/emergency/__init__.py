"""Paging without the store: a journal beside it, and the way back."""
