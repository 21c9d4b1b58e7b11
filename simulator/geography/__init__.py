"""Where things are: places by name, and distances between them."""
