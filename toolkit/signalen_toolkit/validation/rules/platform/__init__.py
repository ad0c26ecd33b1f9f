"""Rules on where it runs: versions, components, services, the cluster around them."""
