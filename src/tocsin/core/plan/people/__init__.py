"""Who does what, who may do what, and who may read it: roles, teams, authority, modes."""
