"""`python -m quartapp.mail.testing`: the test server as a process of its own.

It prints its address, and appends each message to the log as a line of JSON before it replies to
the end of data; `quartapp.mail.testing.messages_in` reads them back.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from quartapp.mail.smtpd.script import Phase
from quartapp.mail.smtpd.server import SMTPServer

if TYPE_CHECKING:
    from quartapp.mail.smtpd.received import ReceivedMessage


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    arguments = _arguments()
    with arguments.log.open("ab", buffering=0) as log:
        asyncio.run(_serve(arguments, log))


async def _serve(arguments: argparse.Namespace, log: BinaryIO) -> None:
    def append(message: ReceivedMessage) -> None:
        log.write(f"{message.as_json()}\n".encode())

    async with SMTPServer(arguments.port, host=arguments.host, on_message=append) as server:
        for phase, seconds in arguments.delay:
            server.delay(phase, seconds)
        print(f"{server.host}:{server.port}", flush=True)
        await _stopped()


async def _stopped() -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await stopped.wait()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m quartapp.mail.testing", description="An SMTP server for tests."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 lets the system choose")
    parser.add_argument("--log", type=Path, default=os.devnull, help="file for the messages")
    parser.add_argument(
        "--delay", type=_delay, action="append", default=[], metavar="PHASE=SECONDS"
    )
    return parser.parse_args()


def _delay(text: str) -> tuple[Phase, float]:
    phase, _, seconds = text.partition("=")
    try:
        return Phase(phase.upper()), float(seconds)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


if __name__ == "__main__":
    main()
