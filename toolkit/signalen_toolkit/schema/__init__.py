"""What an error of a JSON Schema is in words."""
