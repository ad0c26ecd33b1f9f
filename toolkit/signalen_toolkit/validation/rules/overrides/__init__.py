"""Rules on raw Helm values."""
