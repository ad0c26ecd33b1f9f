"""Rules on who gets in: addresses, sign-in, Secrets."""
