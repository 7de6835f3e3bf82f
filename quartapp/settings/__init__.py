"""What a setting is: its key, its kind and where it may come from."""
