"""Clusters that municipalities share: which holds whom, what each has once, and what keeps tenants apart."""
