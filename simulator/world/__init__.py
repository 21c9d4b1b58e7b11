"""A world: all actors of one replication, what faults can do to them, and who watches whom."""
