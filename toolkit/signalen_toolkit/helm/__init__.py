"""Helm, and what it renders. Knows nothing of Signalen or of the form."""
