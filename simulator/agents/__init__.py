"""The clients' side of what travels: agents and their sessions."""
