"""What people do once for a new environment, in order: the README of a repository and `signalen first-day` tell it."""
