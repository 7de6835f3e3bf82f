"""Transports: the contract, and what implements it."""

from quartapp.mail.transports.breaker import Breaker, BreakerState
from quartapp.mail.transports.contract import (
    Answer,
    HearingSession,
    LoginRejected,
    Outcome,
    Result,
    ServerOutage,
    Session,
    Transport,
    TransportFigures,
)

__all__ = [
    "Answer",
    "Breaker",
    "BreakerState",
    "HearingSession",
    "LoginRejected",
    "Outcome",
    "Result",
    "ServerOutage",
    "Session",
    "Transport",
    "TransportFigures",
]
