"""Delivery: claims, sends and records messages."""
