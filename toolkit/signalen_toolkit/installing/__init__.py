"""Where the toolkit itself comes from: what runs here, and what a repository installs it from, by hash."""
