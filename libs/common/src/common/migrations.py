"""What migrations written in SQL share: a script of several statements run in the migration's own transaction."""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection

NO_WAY_BACK: Final = "there is no way back: restore a backup instead"


def run_script(bind: Connection, migration: str) -> None:
    """Run the ``.sql`` file beside a migration (its ``__file__``). A prepared statement could not carry several statements."""
    connection = bind.connection.dbapi_connection
    if connection is None:
        raise RuntimeError("migrations run on an open connection")
    script = Path(migration).with_suffix(".sql").read_text(encoding="utf-8")
    connection.run_async(lambda driver: driver.execute(script))
