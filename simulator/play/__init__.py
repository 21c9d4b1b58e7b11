"""Plays replications: here, or in processes of its own; what was finished is kept whatever happens."""
