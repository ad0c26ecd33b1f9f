"""The report on what workloads keep to on a Haven cluster."""
