"""Words: what other systems call things, and text of strangers made fit to be shown."""
