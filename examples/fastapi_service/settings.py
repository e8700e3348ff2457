"""What the service's configuration may hold."""

from typing import Annotated

from pydantic import BaseModel, Field

from confguard.fields import Duration, Impact


class Shop(BaseModel):
    """The settings of a shop's search."""

    results: int = Field(20, ge=1, le=100)
    backend_timeout: Annotated[Duration, Impact("high")] = Duration("2s")
