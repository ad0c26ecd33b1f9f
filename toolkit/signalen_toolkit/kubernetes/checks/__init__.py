"""What is wrong with objects, whichever chart they come from. A module is one subject."""
