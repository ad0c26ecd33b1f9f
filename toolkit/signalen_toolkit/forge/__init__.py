"""What a Git server knows beside Git: pull requests, and what pipelines and tools say of a commit."""
