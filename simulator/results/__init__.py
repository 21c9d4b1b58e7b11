"""What a run gave: its numbers with intervals, and the folder that keeps them. Never draws."""
