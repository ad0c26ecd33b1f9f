"""Dutch and English: the words of the pages, of the schema, and of what is wrong."""
