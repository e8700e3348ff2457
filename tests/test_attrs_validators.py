"""attrs' validators: all that they find is told at once, in words of ours, and schemas say what they ask for."""

from __future__ import annotations

import enum
import json
from typing import Any

import attrs
import pytest
from attrs import field, validators

import confguard as cg
from confguard.fields import Secret
from confguard.schema.comparing import compare_schemas
from confguard.schema.export import example_file, reference_page
from confguard.schema.json_export import json_schema
from confguard.schema.schema import resolve_schema


class Level(enum.Enum):
    LOW = "low"
    HIGH = "high"


@attrs.frozen
class Pool:
    size: int = field(validator=[validators.ge(1), validators.le(64)])
    name: str = field(default="main", validator=validators.matches_re(r"[a-z]+-\d+|main"))


@attrs.frozen
class App:
    workers: int = field(validator=validators.and_(validators.gt(0), validators.lt(100)))
    mode: str = field(validator=validators.in_(["fast", "safe"]))
    level: Level = field(default=Level.LOW, validator=validators.in_(Level))
    limit: int | None = field(default=None, validator=validators.optional(validators.lt(5)))
    tag: str = field(default="abc", validator=[validators.min_len(2), validators.max_len(4)])
    ports: list[int] = field(
        factory=list,
        validator=validators.deep_iterable(
            validators.and_(validators.ge(1), validators.le(65535)), validators.min_len(1)
        ),
    )
    quota: dict[str, float] = field(
        factory=dict,
        validator=validators.deep_mapping(
            validators.matches_re("[a-z]+"), validators.ge(0), validators.max_len(2)
        ),
    )
    anything: Any = field(default=1, validator=validators.instance_of((int, str)))
    either: int = field(default=0, validator=validators.or_(validators.in_([0]), validators.ge(10)))
    no_root: str = field(default="www", validator=validators.not_(validators.in_(["root"])))
    half: float = field(default=0.5)
    pool: Pool = field(factory=lambda: Pool(1))

    @half.validator
    def _halves(self, attribute: Any, value: float) -> None:
        if value * 2 != int(value * 2):
            raise ValueError("must be a multiple of a half")


WRONG = """
workers: 0
mode: slow
limit: 9
tag: a
ports: [80, 0, 99999]
quota: {cpu: -1, A1: 2, x: 1}
anything: [1]
either: 5
no_root: root
half: 0.3
pool: {size: 65, name: M}
"""
SAID = [
    "2:1: workers: expected more than 0, got 0",
    "3:1: mode: expected 'fast' or 'safe', got 'slow'",
    "4:1: limit: expected less than 5, got 9",
    "5:1: tag: expected at least 2 characters, got 'a'",
    "6:13: ports[1]: expected at least 1, got 0",
    "6:16: ports[2]: expected at most 65535, got 99999",
    "7:1: quota: expected at most 2 elements",
    "7:9: quota.cpu: expected at least 0, got -1.0",
    "7:18: quota.A1: the key: does not match the pattern '[a-z]+', got 'A1'",
    "8:1: anything: expected a valid integer or string",
    "9:1: either: expected 0 or at least 10, got 5",
    "10:1: no_root: is what the schema excludes, got 'root'",
    "11:1: half: must be a multiple of a half, got 0.3",
    "12:8: pool.size: expected at most 64, got 65",
    "12:18: pool.name: does not match the pattern '[a-z]+-\\\\d+|main', got 'M'",
]


def test_all_that_is_wrong_is_told_at_once_each_at_its_place() -> None:
    with pytest.raises(cg.ValidationError) as caught:
        cg.load(App, cg.parse(WRONG, "yaml", path="app.yaml"))
    assert [str(problem).removeprefix("app.yaml:") for problem in caught.value.problems] == SAID


def test_what_cannot_be_read_hides_nothing_that_is_wrong_elsewhere() -> None:
    with pytest.raises(cg.ValidationError) as caught:
        cg.load(App, {"workers": "many", "mode": "slow", "half": 0.3, "moed": 1, "pool": {"name": "M"}})
    assert sorted(str(problem) for problem in caught.value.problems) == [
        "half: must be a multiple of a half, got 0.3",
        "mode: expected 'fast' or 'safe', got 'slow'",
        "moed: unknown key (did you mean 'mode'?)",
        "pool.name: does not match the pattern '[a-z]+-\\\\d+|main', got 'M'",
        "pool.size: required, but missing",
        "ports: the default: expected at least 1 elements",
        "workers: expected a valid integer, got 'many'",
    ]


@attrs.frozen
class Converting:
    port: int = field(converter=int, validator=validators.ge(1))
    key: Secret = field(default=Secret("a"), validator=validators.in_([Secret("hunter2"), Secret("a")]))
    low: int = 0
    high: int = field(default=9)

    @high.validator
    def _above(self, attribute: Any, value: int) -> None:
        if value < self.low:
            raise ValueError("high is below low")


def test_what_a_converter_refuses_has_its_place() -> None:
    with pytest.raises(cg.ValidationError) as caught:
        cg.load(Converting, {"port": "x", "low": 5, "high": 1})
    assert [str(problem) for problem in caught.value.problems] == [
        "port: expected a valid integer, got 'x'",
        "high: high is below low, got 1",
    ]
    with pytest.raises(cg.ValidationError, match="port: expected at least 1, got 0"):
        cg.load(Converting, {"port": "0", "low": "x", "high": 0})


def test_of_a_secret_nothing_is_told_that_a_validator_says() -> None:
    with pytest.raises(cg.ValidationError) as caught:
        cg.load(Converting, {"port": 1, "key": "geheim"})
    assert str(caught.value) == "key: does not fit the schema"


def test_what_validators_ask_for_is_in_the_json_schema() -> None:
    schema: Any = json_schema(resolve_schema(App))  # type: ignore[arg-type]
    properties = {
        key: {k: v for k, v in node.items() if k != "default"} for key, node in schema["properties"].items()
    }
    assert properties["workers"] == {"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 100}
    assert properties["mode"] == {"type": "string", "enum": ["fast", "safe"]}
    assert properties["level"] == {"enum": ["low", "high"]}
    assert properties["limit"] == {"type": ["integer", "null"], "exclusiveMaximum": 5}
    assert properties["tag"] == {"type": "string", "minLength": 2, "maxLength": 4}
    assert properties["ports"] == {
        "type": "array",
        "minItems": 1,
        "items": {"type": "integer", "minimum": 1, "maximum": 65535},
    }
    assert properties["quota"] == {
        "type": "object",
        "maxProperties": 2,
        "propertyNames": {"pattern": "^(?:[a-z]+)$"},
        "additionalProperties": {"type": "number", "minimum": 0},
    }
    assert properties["anything"] == {"anyOf": [{"type": "integer"}, {"type": "string"}]}
    assert properties["either"] == {"type": "integer", "anyOf": [{"enum": [0]}, {"minimum": 10}]}
    assert properties["no_root"] == {"type": "string", "not": {"enum": ["root"]}}
    assert json.loads(json.dumps(schema)) == schema


def test_what_validators_ask_for_is_on_the_page_and_in_the_example() -> None:
    schema: Any = resolve_schema(App)
    page = reference_page(schema)
    assert "| `mode` | `fast` or `safe` |" in page
    assert "| `ports` | list, at least 1 elements, each: integer, at least 1, at most 65535 |" in page
    assert "each key: string, like ^(?:[a-z]+)$" in page
    for form in ("toml", "yaml"):
        cg.load(App, cg.parse(example_file(schema, form), form))


def test_a_tighter_validator_is_a_breaking_change() -> None:
    old: Any = attrs.make_class("Old", {"mode": attrs.field(type=str, validator=validators.in_(["a", "b"]))})
    new: Any = attrs.make_class("New", {"mode": attrs.field(type=str, validator=validators.in_(["a"]))})
    found = compare_schemas(resolve_schema(old), resolve_schema(new))  # type: ignore[arg-type]
    assert [str(each) for each in found] == ["CS107 breaking: mode: no longer takes 'b'"]
    old = attrs.make_class(
        "Old", {"l": attrs.field(type=list[int], validator=validators.deep_iterable(validators.ge(0)))}
    )
    new = attrs.make_class(
        "New", {"l": attrs.field(type=list[int], validator=validators.deep_iterable(validators.ge(1)))}
    )
    found = compare_schemas(resolve_schema(old), resolve_schema(new))  # type: ignore[arg-type]
    assert [str(each) for each in found] == ["CS105 breaking: l.*: minimum is 1, and was 0"]
