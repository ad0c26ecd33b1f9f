"""What is asked: the settings of the form's schema as fields on pages."""
