"""The page of `sweep --explore`: a slider or switch per swept setting, and the cell that they meet.

May import sweeps, results and the report's formats. Nothing is simulated and nothing is interpolated: where there is
no cell, the page says so.
"""
