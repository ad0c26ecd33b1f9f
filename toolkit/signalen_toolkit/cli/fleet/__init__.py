"""The commands for a fleet of municipalities."""
