"""What a change does on the cluster."""
