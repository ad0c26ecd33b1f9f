"""The questions where no server of ours runs: as static files, and as the form of a Git host."""
