"""`Mail`: what an application binds, and how code finds the current application's service."""

from __future__ import annotations

from quartapp.mail.service import MailService

__all__ = ["Mail"]

Mail = MailService
