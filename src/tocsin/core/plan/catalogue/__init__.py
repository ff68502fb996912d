"""What a plan is about: its head, components, providers, inventories, terms, detection."""
