"""Transports: the contract, and what implements it."""

from quartapp.mail.transports.breaker import Breaker, BreakerState
from quartapp.mail.transports.contract import (
    Answer,
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
    "Outcome",
    "Result",
    "ServerOutage",
    "Session",
    "Transport",
    "TransportFigures",
]
