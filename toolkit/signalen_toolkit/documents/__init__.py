"""YAML read with positions, written, and edited without losing what stands around it."""
