"""Somebody else's repository, and a computer that is not as one hopes."""
