"""Secrets of a configuration repository: made, encrypted, checked, changed."""
