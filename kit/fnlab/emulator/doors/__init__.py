"""The doors: each lets one kind of client in, translates, and holds nothing of its own."""
