"""Writes messages from templates: which ones, in which language, and what becomes of their HTML."""

from quartapp.mail.rendering.compose import NoSubject, compose
from quartapp.mail.rendering.locales import is_tag
from quartapp.mail.rendering.undefined import UndefinedInTemplate

__all__ = ["NoSubject", "UndefinedInTemplate", "compose", "is_tag"]
