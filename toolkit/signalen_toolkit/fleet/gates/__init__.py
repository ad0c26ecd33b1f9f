"""What it takes before a release goes on to the next step, beside time and a person's yes: pipelines and health.

What is not known is never taken for good.
"""
