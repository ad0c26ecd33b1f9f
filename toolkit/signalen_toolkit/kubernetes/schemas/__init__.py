"""JSON Schemas of Kubernetes objects: built in, defined by charts, our own; and what breaking one is in words."""
