"""Changes that reach further than they look: steps that each leave an environment running."""
