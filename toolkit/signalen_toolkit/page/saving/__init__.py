"""From a draft to the files of a repository, a commit on a branch, and the address of a pull request."""
