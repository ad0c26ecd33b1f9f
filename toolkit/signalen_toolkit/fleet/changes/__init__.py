"""How the changes of a rollout reach Git: commits, commits that are pushed, or pull requests."""
