"""Facts from pages of documentation that have a form: tables, directives, manual pages; and Redis' own table."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from research.facts.shared import Fact, Facts, Repository, merged

_TAG = re.compile(r"<[^>]+>")
_SPAN = re.compile(r"(\d+)(us|ms|s|m|min|h|d|k|K|g|G)")


def amount_of(text: str) -> tuple[float | str, str | None]:
    """A default such as `60s` as an amount and its unit."""
    match = _SPAN.fullmatch(text)
    if match:
        unit = {"k": "kB", "K": "kB", "g": "GB", "G": "GB", "m": "min"}.get(match[2], match[2])
        return int(match[1]), unit
    return (int(text), None) if re.fullmatch(r"-?\d{1,18}", text) else (text, None)


def number(text: str) -> float | int:
    """A number as it is written."""
    return float(text) if re.search(r"[.e]", text) else int(text)


def unit_by_name(name: str) -> str | None:
    """The unit that a name ends in."""
    ends = {"ms": "ms", "bytes": "B", "seconds": "s", "minutes": "min", "hours": "h", "millis": "ms"}
    return ends.get(re.split(r"[._-]", name)[-1])


# -- Kafka: the tables of its documentation


def kafka(page: str) -> Iterator[tuple[str, Fact]]:
    for block in page.split("<h4>")[1:]:
        name = re.search(r'<a id="([\w.]+)"></a>', block)
        rows = {
            key: _TAG.sub("", value).strip()
            for key, value in re.findall(r"<th>([^<]+):</th><td>(.*?)</td>", block, re.DOTALL)
        }
        if not name:
            continue
        fact: Fact = {}
        counts = rows.get("Type") in {"int", "long", "short", "double"}
        if counts and (unit := unit_by_name(name[1])):
            fact["unit"] = unit
        default = re.match(r"-?[\d.]+", rows.get("Default", "")) if counts else None
        if default:
            fact["default"] = number(default[0])
        span = re.fullmatch(r"\[(-?[\d.]+),\.\.\.(?:,(-?[\d.]+))?\]", rows.get("Valid Values", ""))
        if span:
            fact["min"] = number(span[1])
            fact |= {"max": number(span[2])} if span[2] else {}
        words = re.fullmatch(r"(?:\(case insensitive\) )?\[([\w, -]+)\]", rows.get("Valid Values", ""))
        if words and not counts:
            fact["values"] = words[1].split(", ")
        if rows.get("Update Mode") == "read-only":
            fact["restart"] = True
        yield name[1], fact


def of_kafka(kind: str, pages: tuple[str, ...], **shape: Any) -> Callable[[Path], dict[str, Any]]:
    def read(folder: Path) -> dict[str, Any]:
        site = Repository(folder, "apache/kafka-site")
        facts = merged(
            each for page in pages for each in kafka(site.read(f"39/generated/{page}_config.html"))
        )
        source = f"https://kafka.apache.org/39/documentation/#{pages[0].replace('kafka', 'broker')}configs"
        return {"program": f"Kafka {kind}", "source": source, **shape, "settings": facts}

    return read


# -- Redis: the table of its settings


REDIS_UNITS = {  # as redis.conf says
    "s": "timeout tcp-keepalive repl-timeout repl-ping-replica-period repl-diskless-sync-delay repl-backlog-ttl "
    "min-replicas-max-lag shutdown-timeout tls-session-cache-timeout",
    "ms": "busy-reply-threshold cluster-node-timeout latency-monitor-threshold",
    "us": "slowlog-log-slower-than",
}


def redis(folder: Path) -> dict[str, Any]:
    repository = Repository(folder, "redis/redis")
    text = re.sub(r"/\*.*?\*/", "", repository.read("src/config.c"), flags=re.DOTALL)
    words = {
        name: re.findall(r'\{"([\w-]+)"', body)
        for name, body in re.findall(r"configEnum (\w+)\[\] = \{(.*?)\};", text, re.DOTALL)
    }
    units = {name: unit for unit, names in REDIS_UNITS.items() for name in names.split()}
    facts: list[tuple[str, Fact]] = []
    for kind, inner in re.findall(r"\n {4}create(\w+)Config\((.*?)\),?(?=\s*\n)", text):
        parts = [each.strip() for each in inner.split(",")]
        fact: Fact = {}
        names = [each.strip('"') for each in parts[:2] if each != "NULL"]
        if kind == "Enum" and parts[3] in words and "MULTI_ARG" not in parts[2]:
            fact["values"] = words[parts[3]]
        if (
            kind in {"Int", "UInt", "ULong", "LongLong", "ULongLong", "SizeT", "TimeT"}
            and "OCTAL" not in inner
        ):
            for key, value in (("min", parts[3]), ("max", parts[4]), ("default", parts[6])):
                if re.fullmatch(r"-?\d+", value):
                    fact[key] = int(value)
            if "MEMORY_CONFIG" in inner:
                fact["unit"] = "B"
            elif names[0] in units:
                fact["unit"] = units[names[0]]
            if "PERCENT_CONFIG" in inner:
                fact.pop("min", None)
        if "IMMUTABLE_CONFIG" in inner:
            fact["restart"] = True
        facts += [(name, fact) for name in names]
    keys = (
        r"maxmemory(-\w+)*|append(only|fsync)|save|repl-[\w-]+|replica-[\w-]+|cluster-[\w-]+|requirepass|masterauth"
        r"|tcp-(backlog|keepalive)|slowlog-[\w-]+|protected-mode|lazyfree-[\w-]+|aof-[\w-]+|rdb[\w-]+|maxclients"
    )
    return {
        "program": "Redis",
        "source": repository.at("src/config.c"),
        "keys": keys,
        "settings": merged(facts),
    }


# -- Prometheus: its page on configuration


def prometheus(folder: Path) -> dict[str, Any]:
    repository = Repository(folder, "prometheus/prometheus")
    page = repository.read("docs/configuration/configuration.md")
    facts: list[tuple[str, Fact]] = []
    for name, kind, default in re.findall(
        r"^ *\[? *(\w+): <(duration|int|size|boolean|bool|float)>(?: \| default:? =? ?([\w.]+))?",
        page,
        re.MULTILINE,
    ):
        fact: Fact = {}
        if kind == "duration":
            fact["needs_unit"] = True
            value, unit = amount_of(default)
            if not unit and name in dict(facts):
                continue  # as the global one
            fact |= {"default": value, "unit": unit} if unit else {}
        facts.append((name, fact))
    return {
        "program": "Prometheus",
        "source": "https://prometheus.io/docs/prometheus/latest/configuration/configuration/",
        "around": [{"scrape_configs": ""}, {"scrape_interval": "", "evaluation_interval": ""}],
        "settings": merged(facts),
    }


# -- nginx: the directives of its documentation


def nginx(folder: Path) -> dict[str, Any]:
    site = Repository(folder, "nginx/nginx.org")
    facts: list[tuple[str, Fact]] = []
    for page in [*site.paths("xml/en/docs/http", ".xml"), "xml/en/docs/ngx_core_module.xml"]:
        for name, body in re.findall(
            r'<directive name="([a-z0-9_]+)">(.*?)</directive>', site.read(page), re.DOTALL
        ):
            facts.append((name, directive(body)))
    keys = (
        r"proxy_\w+|fastcgi_\w+|uwsgi_\w+|ssl_\w+|worker_\w+|client_(max_body|header|body)\w*|keepalive_\w+|server_name"
        r"|upstream|gzip\w*|access_log|error_log|limit_(req|conn|rate)\w*|send_timeout|sendfile|tcp_no\w+|add_header|try_files"
    )
    return {
        "program": "nginx",
        "source": "https://nginx.org/en/docs/dirindex.html",
        "keys": keys,
        "settings": merged(facts),
    }


def directive(body: str) -> Fact:
    syntax = " ".join(re.findall(r"<syntax[^>]*>(.*?)</syntax>", body, re.DOTALL)).strip()
    default = re.search(r"<default>(.*?)</default>", body, re.DOTALL)
    value, unit = amount_of(default[1].strip() if default else "")
    fact: Fact = {}
    if re.fullmatch(r"<value>time</value>", syntax):
        fact["unit"] = "s"
        scale = {"ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86400}.get(unit or "")
        if scale and isinstance(value, int):
            fact["default"] = value * scale
    elif re.fullmatch(r"<value>size</value>", syntax):
        fact["unit"] = "B"
        scale = {"kB": 1024, "min": 1024**2, "GB": 1024**3}.get(unit or "")  # `m` of a size is a megabyte
        if scale and isinstance(value, int):
            fact["default"] = value * scale
    words = re.fullmatch(r"((?:<literal>[\w.-]+</literal>\s*\|?\s*)+)", syntax)
    if words:
        fact["values"] = re.findall(r"<literal>([\w.-]+)</literal>", syntax)
    return fact


def ingress_nginx(folder: Path) -> dict[str, Any]:
    repository = Repository(folder, "kubernetes/ingress-nginx")
    page = repository.read("docs/user-guide/nginx-configuration/configmap.md")
    facts: Facts = {}
    for name, kind, default in re.findall(
        r"^\| \[([\w-]+)\]\([^)]*\)\s*\|\s*(\w+)\s*\|\s*\"?([^|\"]*?)\"?\s*\|", page, re.MULTILINE
    ):
        if kind == "int" and name.endswith("-timeout") and default.isdigit():
            facts[name] = {"unit": "s", "default": int(default)}
            if name.startswith("proxy-"):
                facts[f"nginx.ingress.kubernetes.io/{name}"] = facts[name]
    keys = (
        r"nginx\.ingress\.kubernetes\.io/[\w-]+|proxy-(body-size|buffer\w*[\w-]*|connect-timeout|read-timeout|send-timeout)"
        r"|use-forwarded-headers|use-proxy-protocol|ssl-(protocols|ciphers|redirect)|hsts[\w-]*|server-tokens|log-format-\w+"
        r"|upstream-keepalive-\w+|worker-(processes|shutdown-timeout)|keep-alive\w*|enable-(real-ip|brotli)|compute-full-forwarded-for"
    )
    source = "https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/configmap/"
    return {
        "program": "ingress-nginx",
        "source": source,
        "keys": keys,
        "enough": 1,
        "settings": dict(sorted(facts.items())),
    }


# -- systemd: its manual pages


SYSTEMD_DEFAULTS = {
    "TimeoutStartSec": 90,
    "TimeoutStopSec": 90,
    "StartLimitIntervalSec": 10,
}  # systemd-system.conf(5)
SYSTEMD_WORDS = {  # from its prose
    "Restart": "no on-success on-failure on-abnormal on-watchdog on-abort always",
    "Type": "simple exec forking oneshot dbus notify notify-reload idle",
    "KillMode": "control-group mixed process none",
}


def systemd(folder: Path) -> dict[str, Any]:
    del folder  # the pages of this machine
    facts: list[tuple[str, Fact]] = []
    for page in ("service", "unit", "timer", "exec", "kill", "socket"):
        text = subprocess.run(
            ["zcat", f"/usr/share/man/man5/systemd.{page}.5.gz"], capture_output=True, text=True, check=True
        )
        plain = re.sub(r"\\f[IBR]|\\&|\\m\[\w*\]", "", text.stdout).replace("\\-", "-").replace("\n", " ")
        for entry in re.split(r" \.PP ", plain):
            head, _, body = entry.partition(" .RS 4 ")
            for name in re.findall(r"([A-Z]\w+)=", head):
                fact: Fact = {}
                if name.endswith("Sec") and re.search(r"unit-less value in seconds|time span", body):
                    fact["unit"] = "s"
                    default = re.search(r"Defaults to (\d+) ?(ms|s|min)\b", body)
                    if name in SYSTEMD_DEFAULTS:
                        fact["default"] = SYSTEMD_DEFAULTS[name]
                    elif default:
                        fact["default"] = int(default[1]) * {"ms": 0.001, "s": 1, "min": 60}[default[2]]
                if fact:
                    facts.append((name, fact))
    facts = [(name, fact) for name, fact in facts if not name.endswith("NSec")]
    facts += [(name, {"values": words.split()}) for name, words in SYSTEMD_WORDS.items()]
    version = subprocess.run(
        ["systemctl", "--version"], capture_output=True, text=True, check=True
    ).stdout.split()[1]
    return {
        "program": "systemd",
        "source": f"https://www.freedesktop.org/software/systemd/man/{version}/systemd.directives.html",
        "around": [{"Service": "", "Unit": ""}, {"Service": "", "Install": ""}],
        "keys": r"Exec\w+|Restart\w*|Type|User|WantedBy|After|Wants|Requires|Timeout\w+Sec|WatchdogSec|Limit[A-Z]+"
        r"|KillMode|Description",
        "enough": 3,
        "settings": merged(facts),
    }
