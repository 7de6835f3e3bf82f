"""The mechanisms that keep the promises: the line that makes each, and the test named for it."""

from __future__ import annotations

from tests.crash.mechanisms.applications import APPLICATIONS
from tests.crash.mechanisms.attempts import ATTEMPTS
from tests.crash.mechanisms.claims import CLAIMS
from tests.crash.mechanisms.composing import COMPOSING
from tests.crash.mechanisms.connecting import CONNECTING
from tests.crash.mechanisms.database_urls import DATABASE_URLS
from tests.crash.mechanisms.databases import DATABASES
from tests.crash.mechanisms.files import FILES
from tests.crash.mechanisms.headers import HEADERS
from tests.crash.mechanisms.hostile import HOSTILE
from tests.crash.mechanisms.kit import KIT
from tests.crash.mechanisms.mechanism import Mechanism
from tests.crash.mechanisms.processes import PROCESSES
from tests.crash.mechanisms.queues import QUEUES
from tests.crash.mechanisms.recipients import RECIPIENTS
from tests.crash.mechanisms.retention import RETENTION
from tests.crash.mechanisms.secrets import SECRETS
from tests.crash.mechanisms.servers import SERVERS
from tests.crash.mechanisms.subjects import SUBJECTS
from tests.crash.mechanisms.templates import TEMPLATES
from tests.crash.mechanisms.transactions import TRANSACTIONS

__all__ = ["MECHANISMS", "Mechanism"]

MECHANISMS = (
    *CLAIMS,
    *ATTEMPTS,
    *SERVERS,
    *CONNECTING,
    *SUBJECTS,
    *TRANSACTIONS,
    *DATABASES,
    *DATABASE_URLS,
    *PROCESSES,
    *QUEUES,
    *RECIPIENTS,
    *RETENTION,
    *SECRETS,
    *APPLICATIONS,
    *COMPOSING,
    *HEADERS,
    *FILES,
    *HOSTILE,
    *TEMPLATES,
    *KIT,
)
