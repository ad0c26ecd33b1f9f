"""The life of a configuration repository: made, changed, promoted, brought up to date."""
