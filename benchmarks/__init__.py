"""What the toolkit may cost, measured."""
