"""Logins to a real server: Postfix, with Dovecot to judge the password."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import aiosmtplib
import pytest

from quartapp.mail.settings import MailSettings
from quartapp.mail.transports.smtp.client import Client
from quartapp.mail.transports.smtp.login import log_in

MECHANISMS = ["scram-sha-256", "plain", "login", "cram-md5"]

CONFIGURATION = """\
base_dir = {folder}/run
log_path = {folder}/log
protocols =
ssl = no
disable_plaintext_auth = no
auth_mechanisms = {mechanisms}
auth_failure_delay = 0
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = static
  args = uid=65534 gid=65534 home=/nonexistent
}}
# No growing delays for an address whose logins fail.
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth {{
  unix_listener {folder}/auth {{
    mode = 0666
  }}
}}
"""

# It ends when our end of its input does, which is also when we are killed.
GUARD = 'dovecot -F -c "$1/dovecot.conf" </dev/null & cat >/dev/null; kill $!; wait; rm -rf "$1"'


@pytest.fixture(scope="module")
def judge():
    """The socket on which Dovecot judges passwords."""
    path = f"/usr/sbin:{os.environ.get('PATH', '')}"
    if shutil.which("dovecot", path=path) is None:
        pytest.skip("dovecot is not installed: apt-get install dovecot-core")
    if os.geteuid() != 0:
        pytest.skip("only root can start Dovecot")
    folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
    folder.chmod(0o755)
    configuration = CONFIGURATION.format(folder=folder, mechanisms=" ".join(MECHANISMS))
    (folder / "dovecot.conf").write_text(configuration)
    (folder / "users").write_text("ada:{PLAIN}correct horse\n")
    guard = subprocess.Popen(
        ["/bin/sh", "-c", GUARD, "dovecot-guard", folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PATH": path},
        start_new_session=True,
    )
    yield folder / "auth"
    guard.communicate(timeout=60)


async def outcomes(server, password):
    """What became of a login with each mechanism."""
    found = {}
    settings = MailSettings(username="ada", password=password)
    for mechanism in MECHANISMS:
        client = Client(settings, None, timeout=60)
        await client.begin(socket.create_connection((server.host, server.port)))
        await client.greet()
        assert mechanism in client.server_auth_methods
        client.server_auth_methods = [mechanism]
        try:
            found[mechanism] = await log_in(client, settings)
        except aiosmtplib.SMTPAuthenticationError as error:
            found[mechanism] = str(error.code)
        client.close()
    return found


async def test_dovecot_takes_the_right_password_and_no_other_in_each_mechanism(judge, postfix):
    async with asyncio.timeout(60):
        while not judge.exists():  # noqa: ASYNC110  # a file tells nobody
            await asyncio.sleep(0.02)
    server = postfix(smtpd_sasl_auth_enable="yes", smtpd_sasl_type="dovecot", smtpd_sasl_path=judge)

    right = await outcomes(server, "correct horse")
    wrong = await outcomes(server, "wrong")

    assert right == {mechanism: mechanism for mechanism in MECHANISMS}
    assert wrong == dict.fromkeys(MECHANISMS, "535")
