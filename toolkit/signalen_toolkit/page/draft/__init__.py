"""What was answered so far, kept until it is saved, and checked."""
