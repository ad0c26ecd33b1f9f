"""A rendered tree through Helm, and every object in it checked."""
