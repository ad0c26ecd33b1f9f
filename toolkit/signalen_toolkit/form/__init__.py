"""The form: its schema, how it is completed, and the facts that complete it."""
