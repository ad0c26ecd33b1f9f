"""What is wrong with the objects of Signalen itself."""
