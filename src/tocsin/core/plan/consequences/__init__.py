"""What follows from an incident for others: duties, law, ladders, triggers, money, disasters."""
