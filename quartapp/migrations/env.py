"""How Alembic migrates the application's tables: on the connection that it was given."""

from alembic import context

from quartapp.mail import include_object
from quartapp.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    version_table=context.config.attributes["version_table"],
    include_object=include_object,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
