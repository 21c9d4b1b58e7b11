"""Faults: what a scenario says will go wrong, applied to a world and taken back."""
