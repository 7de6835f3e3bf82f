"""Queries about messages: lists, searches, figures and histories."""
