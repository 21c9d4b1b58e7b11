"""From a scenario to a world: the only place where the one becomes the other."""
