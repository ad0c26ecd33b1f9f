"""Tests of what a Git server knows beside Git."""
