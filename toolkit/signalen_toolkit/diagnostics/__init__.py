"""A problem: what is wrong, where it stands, how it is printed."""
