"""What others offer, each used as its own documentation shows."""
