"""How fast the simulator is, as ratios that hold on noisy machines: `python -m benchmarks`."""
