"""What is said to a person, in their language: messages are made in English, and translated where they are shown."""
