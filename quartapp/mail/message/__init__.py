"""A message: what a program writes, and the bytes that it becomes."""
