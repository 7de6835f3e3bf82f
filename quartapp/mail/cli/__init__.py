"""The `mail` commands, for any application."""
