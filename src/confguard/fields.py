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

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeAlias

from attrs import field, frozen

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import CoreSchema

__all__ = [
    "ByteSize",
    "Duration",
    "FieldType",
    "Impact",
    "ImpactLevel",
    "KeyedBy",
    "Network",
    "Port",
    "Ratio",
    "Secret",
    "Unordered",
]


class FieldType:
    """What the field types share: `parse`, and the hook by which pydantic calls it."""

    __slots__ = ()
    expects: ClassVar[str]
    """What a value of this type looks like, for error messages."""

    @classmethod
    def parse(cls, value: object) -> Self:
        """The value of this type that a configuration value stands for. Raises `ValueError`."""
        raise ValueError(f"expected {cls.expects}")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            cls.parse,
            serialization=core_schema.plain_serializer_function_ser_schema(str, when_used="json"),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": ["string", "number"], "description": cls.expects}

    @classmethod
    def _refuse(cls, value: object) -> ValueError:
        return ValueError(f"expected {cls.expects}, got {value!r}")


_UNIT_SECONDS = {
    "ns": Decimal("1e-9"),
    "us": Decimal("1e-6"),
    "µs": Decimal("1e-6"),
    "ms": Decimal("1e-3"),
    "s": Decimal(1),
    "sec": Decimal(1),
    "m": Decimal(60),
    "min": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86400),
    "w": Decimal(604800),
}
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ns|us|µs|ms|sec|s|min|m|h|d|w)\s*")
_ISO_DURATION = re.compile(
    r"P(?:(?P<w>\d+)W)?(?:(?P<d>\d+)D)?(?:T(?:(?P<h>\d+)H)?(?:(?P<m>\d+)M)?(?:(?P<s>\d+(?:\.\d+)?)S)?)?",
)


class Duration(timedelta, FieldType):
    """A length of time: `"30s"`, `"1m30s"`, `"250ms"`, ISO 8601 `"PT5M"`, or plain seconds.

    A `datetime.timedelta`, so `total_seconds()` and arithmetic work.

    >>> Duration("1m30s").total_seconds()
    90.0
    >>> Duration("PT1H") == Duration(3600)
    True
    >>> str(Duration("5400s"))
    '1h30m'
    >>> Duration("soon")
    Traceback (most recent call last):
        ...
    ValueError: expected a duration such as '30s', '1m30s' or 'PT5M', got 'soon'
    """

    expects = "a duration such as '30s', '1m30s' or 'PT5M'"

    def __new__(cls, value: object = 0) -> Self:
        return cls.parse(value)

    @classmethod
    def parse(cls, value: object) -> Self:
        """The duration that a text or a number of seconds stands for. Raises `ValueError`."""
        if isinstance(value, timedelta):
            return cls._of(Decimal(value // timedelta(microseconds=1)) / 1_000_000)
        if isinstance(value, bool):
            raise cls._refuse(value)
        if isinstance(value, int | float):
            seconds: Decimal | None = Decimal(str(value))
        else:
            seconds = _seconds(value.strip()) if isinstance(value, str) else None
        if seconds is None or not seconds.is_finite() or not 0 <= seconds < 10**10:
            raise cls._refuse(value)
        return cls._of(seconds)

    @classmethod
    def _of(cls, seconds: Decimal) -> Self:
        return timedelta.__new__(cls, microseconds=int(seconds * 1_000_000))

    def __str__(self) -> str:
        rest = self // timedelta(microseconds=1)
        if rest == 0:
            return "0s"
        shown = ""
        for unit, size in (("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000)):
            count, rest = divmod(rest, size)
            shown += f"{count}{unit}" if count else ""
        if rest % 1_000_000 and not shown and rest < 1_000_000:
            return f"{rest // 1000}ms" if rest % 1000 == 0 else f"{rest}us"
        return shown + (f"{Decimal(rest) / 1_000_000:f}s" if rest else "")

    def __repr__(self) -> str:
        return f"Duration('{self}')"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self),)


def _seconds(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        pass
    if (iso := _ISO_DURATION.fullmatch(text)) and any(iso.groupdict().values()):
        return sum(
            (_UNIT_SECONDS[unit] * Decimal(count) for unit, count in iso.groupdict().items() if count),
            Decimal(0),
        )
    parts = _DURATION_PART.findall(text)
    if not parts or _DURATION_PART.sub("", text):
        return None
    return sum((_UNIT_SECONDS[unit] * Decimal(count) for count, unit in parts), Decimal(0))


_BYTE_UNITS = {
    **{prefix: 1000 ** (i + 1) for i, prefix in enumerate(["k", "m", "g", "t", "p"])},
    **{f"{prefix}i": 1024 ** (i + 1) for i, prefix in enumerate(["k", "m", "g", "t", "p"])},
    "": 1,
}
_BYTES = re.compile(r"(\d+(?:\.\d+)?)\s*((?:[kmgtp]i?)?)b?", re.IGNORECASE)


class ByteSize(int, FieldType):
    """A number of bytes: `"512MiB"`, `"10GB"`, `"1Gi"`, or plain bytes. GB is 1000 based, GiB 1024 based.

    >>> ByteSize("1GiB") - ByteSize("1GB")
    73741824
    >>> str(ByteSize(1048576))
    '1MiB'
    """

    expects = "a size such as '512MiB', '10GB' or a number of bytes"

    def __new__(cls, value: object = 0) -> Self:
        return cls.parse(value)

    @classmethod
    def parse(cls, value: object) -> Self:
        """The size that a text or a number of bytes stands for. Raises `ValueError`."""
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return int.__new__(cls, value)
        found = _BYTES.fullmatch(value.strip()) if isinstance(value, str) else None
        if not found:
            raise cls._refuse(value)
        return int.__new__(cls, int(Decimal(found[1]) * _BYTE_UNITS[found[2].lower()]))

    def __str__(self) -> str:
        for base, suffix in ((1024, "iB"), (1000, "B")):
            for power, prefix in ((5, "P"), (4, "T"), (3, "G"), (2, "M"), (1, "K")):
                if self and self % base**power == 0:
                    return f"{int(self) // base**power}{prefix}{suffix}"
        return f"{int(self)}B"

    def __repr__(self) -> str:
        return f"ByteSize('{self}')"


class Ratio(float, FieldType):
    """A share of a whole, from 0 to 1: `"5%"` or `0.05`.

    >>> Ratio("5%") == Ratio(0.05)
    True
    >>> Ratio(5)
    Traceback (most recent call last):
        ...
    ValueError: expected a ratio from 0 to 1, or a percentage such as '5%', got 5
    """

    expects = "a ratio from 0 to 1, or a percentage such as '5%'"

    def __new__(cls, value: object = 0) -> Self:
        return cls.parse(value)

    @classmethod
    def parse(cls, value: object) -> Self:
        """The ratio that a number or a percentage stands for. Raises `ValueError`."""
        text = str(value).strip() if isinstance(value, str | int | float) else ""
        percent = text.endswith("%")
        try:
            number = Decimal(text.removesuffix("%")) / (100 if percent else 1)
        except InvalidOperation:
            raise cls._refuse(value) from None
        if isinstance(value, bool) or not number.is_finite() or not 0 <= number <= 1:
            raise cls._refuse(value)
        return float.__new__(cls, number)

    def __str__(self) -> str:
        return f"{float(self) * 100:g}%"

    def __repr__(self) -> str:
        return f"Ratio('{self}')"


class Port(int, FieldType):
    """A TCP or UDP port, 1 to 65535.

    >>> Port("8080")
    8080
    """

    expects = "a port from 1 to 65535"

    def __new__(cls, value: object = 1) -> Self:
        return cls.parse(value)

    @classmethod
    def parse(cls, value: object) -> Self:
        """The port that a number or a text of digits stands for. Raises `ValueError`."""
        digits = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 5
        if not (digits or (isinstance(value, int) and not isinstance(value, bool))):
            raise cls._refuse(value)
        number = int(value)  # type: ignore[call-overload]
        if not 1 <= number <= 65535:
            raise cls._refuse(value)
        return int.__new__(cls, number)


@frozen(order=False, init=False)
class Network(FieldType):
    """A network of addresses: `"10.0.0.0/8"`, `"10.0.0.0/255.0.0.0"`, `"2001:db8::/32"`, or one address.

    >>> Network("10.0.0.0/255.0.0.0") == Network("10.0.0.0/8")
    True
    >>> "10.1.2.3" in Network("10.0.0.0/8")
    True
    """

    expects = "a network such as '10.0.0.0/8' or '2001:db8::/32'"
    network: IPv4Network | IPv6Network

    def __init__(self, value: object) -> None:
        object.__setattr__(self, "network", self._read(value))

    @classmethod
    def parse(cls, value: object) -> Self:
        """The network that a text stands for. Raises `ValueError`."""
        return cls(value)

    @classmethod
    def _read(cls, value: object) -> IPv4Network | IPv6Network:
        if isinstance(value, Network):
            return value.network
        if not isinstance(value, str | IPv4Network | IPv6Network):
            raise cls._refuse(value)
        try:
            return ip_network(value)
        except ValueError as error:
            hint = "; bits are set to the right of the mask" if "host bits" in str(error) else ""
            raise ValueError(f"{cls._refuse(value)}{hint}") from None

    @property
    def size(self) -> int:
        """How many addresses it holds."""
        return self.network.num_addresses

    def __contains__(self, address: str) -> bool:
        return ip_address(address) in self.network

    def __str__(self) -> str:
        return str(self.network)


@frozen(repr=False)
class Secret(FieldType):
    """A value that is never shown: not in `repr`, diffs, errors, logs or reports.

    >>> secret = Secret("hunter2")
    >>> secret
    Secret('***')
    >>> secret.reveal()
    'hunter2'
    """

    expects = "a text"
    _value: Any = field(alias="value")

    @classmethod
    def parse(cls, value: object) -> Self:
        """The secret that a text holds. Raises `ValueError` without showing the value."""
        if isinstance(value, Secret):
            return cls(value.reveal())
        if not isinstance(value, str):
            raise ValueError(f"expected {cls.expects}, got {type(value).__name__}")
        return cls(value)

    def reveal(self) -> Any:
        """The value itself, for the one place that needs it."""
        return self._value

    def __str__(self) -> str:
        return "***"

    def __repr__(self) -> str:
        return "Secret('***')"


ImpactLevel: TypeAlias = Literal["low", "medium", "high", "critical"]


@frozen
class Impact:
    """Mark: how much depends on this setting. It raises or lowers the risk of a change to it."""

    level: ImpactLevel


@frozen
class Unordered:
    """Mark: the order of this list means nothing."""


@frozen(init=False)
class KeyedBy:
    """Mark: the elements of this list are known by these fields.

    >>> KeyedBy("host", "port").fields
    ('host', 'port')
    """

    fields: tuple[str, ...]

    def __init__(self, *fields: str) -> None:
        if not fields:
            raise ValueError("KeyedBy needs the name of at least one field")
        object.__setattr__(self, "fields", fields)
