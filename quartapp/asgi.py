"""The app for ASGI servers: `hypercorn -c config.toml quartapp.asgi:app`.

The only module that makes an app when it is imported.
"""

from __future__ import annotations

from quartapp import create_app
from quartapp.mail.cli.process import settle

app = create_app()
settle()
