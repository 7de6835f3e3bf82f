"""How fast it is, next to others, measured side by side: `python -m benchmarks`."""
