"""What the configuration of every service in the fleet may hold."""

from pydantic import BaseModel, Field


class Limits(BaseModel):
    """How much one client may ask for."""

    requests_per_minute: int = Field(600, ge=1)
    burst: int = Field(50, ge=1)
