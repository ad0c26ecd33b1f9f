"""Files, folders, programs, versions, and the names of files in a configuration repository."""
