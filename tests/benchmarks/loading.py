"""Loading typed configuration against the same done by hand, and against pydantic-settings."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import confguard as cg
from confguard.documents.document import write

from .measure import Row, best_of_each, compare, process

_TABLES, _EACH = 10, 20

_MODEL = {
    "pydantic": "from pydantic import BaseModel\n"
    + "".join(
        f"class T{i}(BaseModel):\n"
        + "".join(f"    k{j}: {'int' if j % 2 else 'str'}\n" for j in range(_EACH))
        for i in range(_TABLES)
    )
    + "class App(BaseModel):\n"
    + "".join(f"    t{i}: T{i}\n" for i in range(_TABLES)),
}
_MODEL["attrs"] = (
    _MODEL["pydantic"]
    .replace("from pydantic import BaseModel\n", "import attrs\n")
    .replace("(BaseModel)", "")
    .replace("class ", "@attrs.define\nclass ")
)
_BY_HAND = {
    "pydantic": "import tomli\nfrom model import App\n"
    "App.model_validate(tomli.loads(open('app.toml', encoding='utf-8').read()))\n",
    "attrs": "import cattrs, tomli\nfrom model import App\n"
    "cattrs.structure(tomli.loads(open('app.toml', encoding='utf-8').read()), App)\n",
}
_OURS = "import confguard as cg\nfrom model import App\ncg.load(App, 'app.toml')\n"
_SETTINGS = """
from pydantic_settings import BaseSettings, TomlConfigSettingsSource
import model
class App(BaseSettings, model.App):
    model_config = {"toml_file": "app.toml"}
    @classmethod
    def settings_customise_sources(cls, settings_cls, **rest):
        return (TomlConfigSettingsSource(settings_cls),)
App()
"""


def bench_processes() -> list[Row]:
    """A whole process that loads a TOML of 200 values into a model."""
    rows = []
    for way in ("pydantic", "attrs"):
        with tempfile.TemporaryDirectory() as folder:
            scripts = {"hand": _BY_HAND[way], "ours": _OURS, "settings": _SETTINGS, "model": _MODEL[way]}
            for name, text in scripts.items():
                Path(folder, f"{name}.py").write_text(text)
            Path(folder, "app.toml").write_text(_toml())
            timed = [process("hand.py", cwd=folder), process("ours.py", cwd=folder)]
            timed += [process("settings.py", cwd=folder)] if way == "pydantic" else []
            hand, ours, *settings = best_of_each(*timed, runs=15)
        parser = "tomli and cattrs" if way == "attrs" else "tomli and pydantic"
        rows.append(compare(f"process that loads 200 values, {way}", ours, hand, f"{parser} by hand"))
        rows += [
            compare("  pydantic-settings on the same", each, hand, f"{parser} by hand") for each in settings
        ]
    return rows


def bench_parsing() -> list[Row]:
    """Reading and validating 10,000 values, in a process that runs already."""
    import tomli
    import yaml
    from pydantic import BaseModel

    class Item(BaseModel):
        a: int
        b: str
        c: float
        d: bool
        e: str

    class App(BaseModel):
        items: list[Item]

    data = {
        "items": [{"a": i, "b": f"name {i}", "c": i / 2, "d": bool(i % 2), "e": "x"} for i in range(2_000)]
    }
    parsers: dict[str, Callable[[str], Any]] = {
        "toml": tomli.loads,
        "yaml": lambda text: yaml.load(text, Loader=yaml.CSafeLoader),
        "json": json.loads,
    }
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for kind, parser in parsers.items():
            file = Path(folder, f"app.{kind}")
            file.write_text(write(data, kind).text)

            def by_hand(file: Path = file, parser: Callable[[str], Any] = parser) -> object:
                return App.model_validate(parser(file.read_text("utf-8")))

            def ours(file: Path = file) -> object:
                return cg.load(App, str(file))

            hand, own = best_of_each(by_hand, ours, runs=7)
            rows.append(compare(f"loading 10,000 values, {kind}", own, hand, "parser and model alone"))
    return rows


def _toml() -> str:
    lines = []
    for i in range(_TABLES):
        lines.append(f"[t{i}]")
        lines += [f"k{j} = {j if j % 2 else repr(f'value {j}')}" for j in range(_EACH)]
    return "\n".join(lines) + "\n"
