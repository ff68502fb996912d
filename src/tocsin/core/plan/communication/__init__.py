"""Who is told what about an incident: audiences, channels, statuses, updates, templates."""
