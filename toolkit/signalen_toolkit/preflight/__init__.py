"""A cluster, compared with what the form asks of it: what is missing before Signalen can run there."""
