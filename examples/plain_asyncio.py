"""Mail without a web framework: queue a message, deliver it, say what became of it."""

import asyncio
import os
import sys

from quartapp.mail import MailService, Message, PlainHost

SETTINGS = {
    "DATABASE_URL": os.environ.get("DATABASE_URL", "sqlite+aiosqlite:///plain_asyncio.sqlite"),
    "MAIL_SERVER": os.environ.get("MAIL_SERVER", "localhost"),
    "MAIL_PORT": os.environ.get("MAIL_PORT", "25"),
    "MAIL_DEFAULT_SENDER": "program@example.com",
    "MAIL_UPGRADE": "always",
}


async def main(*recipients: str) -> None:
    mail = MailService(PlainHost(SETTINGS))
    async with mail.running():
        message = Message("Hello", recipients=list(recipients), body="From a plain program.")
        delivery = await mail.wait(await mail.send_later(message), timeout=30)
    print(delivery.status, delivery.detail)


asyncio.run(main(*sys.argv[1:]))
