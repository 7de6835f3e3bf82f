"""Events: who is told what became of a message."""
