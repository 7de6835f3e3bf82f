"""How Alembic migrates the mail tables: on the connection that it was given."""

from alembic import context

from quartapp.mail.outbox.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=context.config.attributes["version_table"],
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
