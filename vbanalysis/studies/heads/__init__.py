"""Heads on one backbone: what is painted and decoded, what is regressed, and what each does in doubt."""
