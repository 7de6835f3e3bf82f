"""TLS to PostgreSQL: each sslmode means what libpq's documentation says, table 32.1."""

from __future__ import annotations

import ssl

import pytest
import trustme
from sqlalchemy import text

from quartapp.database import Database, DatabaseUnavailable
from quartapp.database.url import database_url
from tests.fixtures.postgres_front import PostgresFront

RIGHT, WRONG_NAME, STRANGER, NONE = "right", "wrong name", "stranger", "no TLS"
REFUSED = "refused"


@pytest.fixture(scope="module")
def contexts(authority):
    """What servers show: a certificate for localhost, one for another name, a stranger's, none."""
    return {
        RIGHT: context_of(authority.issue_cert("localhost", "127.0.0.1")),
        WRONG_NAME: context_of(authority.issue_cert("db.example.com")),
        STRANGER: context_of(trustme.CA().issue_cert("localhost", "127.0.0.1")),
        NONE: None,
    }


def context_of(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


async def connect(front, parameters):
    """Whether the connection in use is encrypted; `REFUSED` where there is none."""
    database = Database(front.url("postgres", parameters))
    try:
        assert await database.first(text("SELECT 1 + :nothing"), {"nothing": 0})
    except DatabaseUnavailable:
        return REFUSED
    finally:
        await database.dispose()
    return front.encrypted[-1]


@pytest.mark.parametrize(
    ("parameters", "right", "wrong_name", "stranger", "none"),
    [
        ("sslmode=disable", False, False, False, False),
        ("sslmode=allow", False, False, False, False),
        ("sslmode=prefer", True, True, True, False),
        ("sslmode=require", True, True, True, REFUSED),
        ("sslmode=require&sslrootcert={ca}", True, True, REFUSED, REFUSED),
        ("sslmode=verify-ca&sslrootcert={ca}", True, True, REFUSED, REFUSED),
        ("sslmode=verify-full&sslrootcert={ca}", True, REFUSED, REFUSED, REFUSED),
        ("sslrootcert=system", True, REFUSED, REFUSED, REFUSED),
        ("sslmode=verify-full&sslrootcert=system", True, REFUSED, REFUSED, REFUSED),
        ("ssl=verify-full&sslrootcert={ca}", True, REFUSED, REFUSED, REFUSED),
        ("ssl=true", True, True, True, REFUSED),
        ("ssl=false", False, False, False, False),
        ("requiressl=1", True, True, True, REFUSED),
    ],
)
async def test_a_mode_takes_what_it_promises_and_nothing_less(
    postgres, contexts, ca_file, monkeypatch, parameters, right, wrong_name, stranger, none
):
    monkeypatch.setenv("SSL_CERT_FILE", str(ca_file))
    monkeypatch.setenv("HOME", str(ca_file.parent))
    found = []
    for shown in (RIGHT, WRONG_NAME, STRANGER, NONE):
        async with PostgresFront(postgres.folder, contexts[shown]) as front:
            found.append(await connect(front, parameters.format(ca=ca_file)))

    assert found == [right, wrong_name, stranger, none]


@pytest.mark.parametrize("mode", ["allow", "prefer"])
async def test_a_server_that_demands_tls_gets_it_from_who_would_do_without(
    postgres, contexts, mode
):
    async with PostgresFront(postgres.folder, contexts[STRANGER], is_strict=True) as front:
        assert await connect(front, f"sslmode={mode}") is True


@pytest.mark.parametrize("root", ["", "&sslrootcert=system"])
@pytest.mark.parametrize(
    ("end", "parameter"),
    [
        ("maximum", "ssl_min_protocol_version=TLSv1.3"),
        ("minimum", "ssl_max_protocol_version=TLSv1.2"),
    ],
)
async def test_a_version_of_tls_that_is_ruled_out_is_not_spoken(
    postgres, authority, ca_file, monkeypatch, end, parameter, root
):
    monkeypatch.setenv("SSL_CERT_FILE", str(ca_file))
    context = context_of(authority.issue_cert("localhost"))
    version = ssl.TLSVersion.TLSv1_2 if end == "maximum" else ssl.TLSVersion.TLSv1_3
    setattr(context, f"{end}_version", version)
    mode = "verify-full" if root else "require"

    async with PostgresFront(postgres.folder, context) as front:
        usual = await connect(front, f"sslmode={mode}{root}")
        without = await connect(front, f"sslmode={mode}{root}&{parameter}")

    assert (usual, without) == (True, REFUSED)


@pytest.fixture
def client_files(authority, tmp_path):
    """A client's certificate and its key, which a password locks."""
    from cryptography.hazmat.primitives import serialization as coding

    certificate = authority.issue_cert("ada@example.com")
    key = coding.load_pem_private_key(certificate.private_key_pem.bytes(), None)
    locked = key.private_bytes(
        coding.Encoding.PEM,
        coding.PrivateFormat.PKCS8,
        coding.BestAvailableEncryption(b"hunter2"),
    )
    (tmp_path / "client.key").write_bytes(locked)
    certificate.cert_chain_pems[0].write_to_path(str(tmp_path / "client.crt"))
    return f"sslcert={tmp_path}/client.crt&sslkey={tmp_path}/client.key"


@pytest.mark.parametrize("root", ["{ca}", "system"])
async def test_a_client_shows_its_certificate(
    postgres, contexts, authority, ca_file, client_files, monkeypatch, root
):
    monkeypatch.setenv("SSL_CERT_FILE", str(ca_file))
    context = context_of(authority.issue_cert("localhost"))
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    verified = f"sslmode=verify-full&sslrootcert={root.format(ca=ca_file)}"

    async with PostgresFront(postgres.folder, context) as front:
        without = await connect(front, verified)
        shown = await connect(front, f"{verified}&{client_files}&sslpassword=hunter2")

    assert (without, shown) == (REFUSED, True)


def test_a_key_that_its_password_does_not_open_is_refused_at_the_start(client_files):
    with pytest.raises(ValueError, match="sslpassword does not open") as refused:
        database_url(f"postgresql://db/app?{client_files}&sslpassword=hunter3")

    assert "hunter3" not in str(refused.value)


def test_the_password_of_a_key_is_shown_nowhere(client_files):
    database = Database(f"postgresql://ada:hunter1@db/app?{client_files}&sslpassword=hunter2")

    shown = [repr(database), repr(database.url), *(repr(each) for each in database.engines)]

    assert [text for text in shown if "hunter" in text] == []


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        (
            "sslmode=full",
            "has sslmode, which is none of disable, allow, prefer, require, verify-ca",
        ),
        (
            "sslrootcert=/nowhere/ca.pem",
            r"a file in sslrootcert that cannot be read \(No such file",
        ),
        ("sslrootcert={text}", "names a file in sslrootcert that is not PEM"),
        ("sslcrl={text}", "names a file in sslcrl that is not PEM"),
        ("sslcert={text}", "has an sslcert that is not PEM"),
        ("sslcert=/nowhere/client.crt", "a file in sslcert or sslkey that cannot be read"),
        ("sslrootcert=system&sslmode=require", "system with a weaker sslmode: use sslmode=verify"),
        ("ssl_min_protocol_version=SSLv3", "has ssl_min_protocol_version, which is none of TLSv1,"),
        ("sslnegotiation=direct&sslmode=prefer", "has sslnegotiation=direct with a weaker sslmode"),
        ("sslcrldir=/etc", "has sslcrldir, which asyncpg cannot honour: name one file with sslcrl"),
    ],
)
def test_what_cannot_be_honoured_is_refused_at_the_start(tmp_path, parameters, complaint):
    (tmp_path / "text").write_text("no certificate")

    with pytest.raises(ValueError, match=complaint):
        database_url(f"postgresql://db/app?{parameters.format(text=tmp_path / 'text')}")
