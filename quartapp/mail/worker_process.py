"""A worker process of hypercorn's: it is stopped by its master, not by a signal.

hypercorn (0.18) tells its workers through an event, and gives them no way to meet SIGTERM. But
they get one: from systemd and others, who signal the whole group, and from their own master, as
soon as the first of them has ended. It would cut off what the others still have on the wire.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sys
from pathlib import Path

__all__ = ["leave_stopping_to_the_master"]


def leave_stopping_to_the_master() -> None:
    """Ignore SIGTERM for as long as there is a master who says when to stop.

    Does nothing elsewhere: in a process that knows what to do on SIGTERM, or is no worker.
    """
    if _is_worker() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, _end_if_orphaned)


def _is_worker() -> bool:
    is_hypercorn = "hypercorn" in Path(sys.argv[0]).parts[-2:]
    return is_hypercorn and multiprocessing.parent_process() is not None


def _end_if_orphaned() -> None:
    parent = multiprocessing.parent_process()
    if parent is None or not parent.is_alive():
        asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
