"""Transports: the contract, and what implements it."""

from quartapp.mail.transports.breaker import Breaker, BreakerState
from quartapp.mail.transports.contract import (
    Answer,
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
    "LoginRejected",
    "Outcome",
    "Result",
    "ServerOutage",
    "Session",
    "Transport",
    "TransportFigures",
]
