"""Pod Security: what its levels refuse."""
