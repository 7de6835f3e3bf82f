"""A real SMTP server that misbehaves when told to."""
