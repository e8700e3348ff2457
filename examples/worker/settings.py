"""What the worker's configuration may hold."""

from pydantic import BaseModel, Field

from confguard.fields import Duration, Secret


class Database(BaseModel):
    """Where jobs are kept."""

    host: str = "localhost"
    password: Secret = Secret("")


class Worker(BaseModel):
    """The settings of a worker."""

    batch: int = Field(10, ge=1)
    pause: Duration = Duration("1s")
    database: Database = Database()
