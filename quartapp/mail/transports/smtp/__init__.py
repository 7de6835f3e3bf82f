"""The SMTP transport: the only part that speaks SMTP as a client."""
