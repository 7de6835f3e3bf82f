"""The `quartapp` command and what its subcommands are made of."""
