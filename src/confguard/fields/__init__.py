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

from confguard.lazy import lazily

TYPE_CHECKING = False  # as type checkers know it; `typing` itself costs 10 ms

_HOMES = {
    "confguard.fields.amounts": ["ByteSize", "Duration", "Ratio"],
    "confguard.fields.base": ["FieldType"],
    "confguard.fields.marks": ["Impact", "ImpactLevel", "KeyedBy", "Owner", "Renamed", "Safer", "Unordered"],
    "confguard.fields.network": ["Network", "Port", "Url"],
    "confguard.fields.secret": ["Secret"],
    "confguard.fields.texts": ["Cron", "Regex"],
}

__all__ = [name for names in _HOMES.values() for name in names]

__getattr__ = lazily(__name__, {name: home for home, names in _HOMES.items() for name in names})


def __dir__() -> list[str]:
    return sorted(__all__)


if TYPE_CHECKING:
    from confguard.fields.amounts import ByteSize as ByteSize
    from confguard.fields.amounts import Duration as Duration
    from confguard.fields.amounts import Ratio as Ratio
    from confguard.fields.base import FieldType as FieldType
    from confguard.fields.marks import Impact as Impact
    from confguard.fields.marks import ImpactLevel as ImpactLevel
    from confguard.fields.marks import KeyedBy as KeyedBy
    from confguard.fields.marks import Owner as Owner
    from confguard.fields.marks import Renamed as Renamed
    from confguard.fields.marks import Safer as Safer
    from confguard.fields.marks import Unordered as Unordered
    from confguard.fields.network import Network as Network
    from confguard.fields.network import Port as Port
    from confguard.fields.network import Url as Url
    from confguard.fields.secret import Secret as Secret
    from confguard.fields.texts import Cron as Cron
    from confguard.fields.texts import Regex as Regex
