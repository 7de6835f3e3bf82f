"""The conformance suite, over the transports that there are."""

from __future__ import annotations

import pytest

from quartapp.mail.settings import MailSettings
from quartapp.mail.testing import SMTPServer, TransportContract
from quartapp.mail.transports.memory import MemoryTransport
from quartapp.mail.transports.smtp.transport import SMTPTransport


class TestMemory(TransportContract):
    @pytest.fixture
    def transport(self):
        return MemoryTransport()


class TestSMTP(TransportContract):
    @pytest.fixture(params=[["PIPELINING"], []], ids=["pipelined", "one at a time"])
    async def transport(self, request):
        async with SMTPServer(extensions=request.param) as server:
            transport = SMTPTransport(MailSettings(server=server.host, port=server.port))
            yield transport
            await transport.close()

    @pytest.fixture(autouse=True)
    async def down(self):
        async with SMTPServer() as server:
            await server.stop()
            self.settings = MailSettings(server=server.host, port=server.port)
            yield

    def unreachable(self):
        return SMTPTransport(self.settings)
