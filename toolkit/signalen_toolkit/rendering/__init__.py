"""From a completed form to the texts of the rendered tree, and the tree on disk."""
