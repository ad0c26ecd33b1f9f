"""Where charts come from: folders, a repository, a registry; which they are, and what is in them."""
