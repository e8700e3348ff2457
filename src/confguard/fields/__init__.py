"""Field types and marks for users' models.

The types work in pydantic models, attrs classes and dataclasses alike. Each has a `parse` that takes what a
configuration file can hold and says in its error what it expected. Marks go into `Annotated`.

>>> from typing import Annotated
>>> from pydantic import BaseModel
>>> class Pool(BaseModel):
...     size: Annotated[int, Impact("high")] = 64
...     idle: Duration = Duration("30s")
>>> Pool.model_validate({"idle": "1m30s"}).idle.total_seconds()
90.0
"""

from confguard.fields.amounts import ByteSize, Duration, Ratio
from confguard.fields.base import FieldType
from confguard.fields.marks import Impact, ImpactLevel, KeyedBy, Owner, Renamed, Safer, Unordered
from confguard.fields.network import Network, Port, Url
from confguard.fields.texts import Cron, Regex, Secret

__all__ = [
    "ByteSize",
    "Cron",
    "Duration",
    "FieldType",
    "Impact",
    "ImpactLevel",
    "KeyedBy",
    "Network",
    "Owner",
    "Port",
    "Ratio",
    "Regex",
    "Renamed",
    "Safer",
    "Secret",
    "Unordered",
    "Url",
]
