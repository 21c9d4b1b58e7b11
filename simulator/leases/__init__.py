"""Leases, their batched renewal, and locks with fencing tokens."""
