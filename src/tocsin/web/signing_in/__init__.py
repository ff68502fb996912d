"""The ways to prove who one is: passwords, one-time codes, passkeys, identity providers."""
