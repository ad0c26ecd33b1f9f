"""Where a fleet stands, at a glance: each environment with its release, its last change, its certificates, on a map."""
