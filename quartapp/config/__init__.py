"""The demo's settings: the table, the sources, the secret key."""

from quartapp.config.loading import ConfigError, load, settings_file
from quartapp.config.table import KEYS

__all__ = ["KEYS", "ConfigError", "load", "settings_file"]
