"""Kubernetes objects, and checks that hold for any chart. Knows nothing of Signalen or of the form."""
