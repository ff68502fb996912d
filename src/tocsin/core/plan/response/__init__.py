"""What is to be done during an incident: phases, milestones, playbooks, gates, questions."""
