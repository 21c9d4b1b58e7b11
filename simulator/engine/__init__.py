"""The engine: a clock under SimPy, named random streams, samplers, timers. Knows nothing of what is simulated."""
