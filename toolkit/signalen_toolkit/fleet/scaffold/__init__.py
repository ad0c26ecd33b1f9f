"""What a fleet gets beside its own files: the pipelines of its Git server, and from where these install the toolkit."""
