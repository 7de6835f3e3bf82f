"""Pages that any Quart application can mount."""
