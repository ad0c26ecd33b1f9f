"""A form from what a municipality has today."""
