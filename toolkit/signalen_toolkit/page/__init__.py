"""The form as a web page: filled in, checked and kept by people who have never seen YAML."""
