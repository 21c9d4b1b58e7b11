"""Formulas with their sources; each module may import numpy and scipy, and nothing of the simulator."""
