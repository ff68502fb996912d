"""Who is on call: rosters as calendars, and exceptions from them."""
