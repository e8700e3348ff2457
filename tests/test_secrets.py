"""No secret leaves: a canary stands in every position, every command and every function that makes text is run, and the
canary is found nowhere."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import make_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Optional, Union
from urllib.parse import quote

import attrs
import pytest
from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    RootModel,
    SecretBytes,
    SecretStr,
    create_model,
    model_validator,
)

import confguard as cg
from confguard.cli import main
from confguard.diffs.pages import to_html, to_markdown
from confguard.documents.document import write
from confguard.errors import ConfguardError
from confguard.fields import Secret
from confguard.paths import show_path
from confguard.risk.judging import Judged, Verdicts
from confguard.risk.reports import REPORTS
from confguard.schema.export import example_file, reference_page
from confguard.schema.json_export import json_schema
from confguard.schema.schema import resolve_schema
from confguard.schema.secrets import Secrets
from confguard.secrets import is_reference, masked, secret_name
from confguard.testing import memory_guard
from conftest import sampled

OLD, NEW = "cAn4ryOldZq7", "cAn4ryNewXw8"
Capture = pytest.CaptureFixture[str]


def forms(canary: str) -> Iterator[str]:
    """How a canary may be written: as it is, in another case, in base64 at any offset."""
    yield canary.lower()
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + canary.encode()).decode()
        yield encoded[4 if shift else 0 : -4].lower()
    yield quote(canary).lower()
    yield canary.encode().hex()


def assert_hidden(said: str) -> None:
    found = [
        (form, said.lower().index(form))
        for canary in (OLD, NEW)
        for form in forms(canary)
        if form in said.lower()
    ]
    assert not found, said[max(0, found[0][1] - 200) : found[0][1] + 100]


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


Position = Callable[[str], Any]
BY_NAME: dict[str, Position] = {
    "a password": lambda s: {"db": {"password": s}},
    "a text that is odd": lambda s: {"db": {"password": f"{s}\"'\\ä%&=: #"}},
    "a text of lines": lambda s: {"db": {"password": f"first\n{s}\nlast"}},
    "upper case": lambda s: {"STRIPE_SECRET_KEY": s},
    "camel case": lambda s: {"auth": {"clientSecret": s}},
    "in a list": lambda s: {"api_keys": ["plain-1", s]},
    "in a table of tokens": lambda s: {"tokens": {"ci": s, "port": 80}},
    "in a table of passwords by user": lambda s: {"passwords": {"admin": s, "user": s}},
    "in credentials": lambda s: {"credentials": {"user": "ana", "secret": s}},
    "in one password's table": lambda s: {"password": {"value": s, "min_length": 8}},
    "name and value": lambda s: {
        "env": [{"name": "STRIPE_SECRET_KEY", "value": s}, {"name": "PORT", "value": "80"}]
    },
    "Key and Value": lambda s: {"Tags": [{"Key": "db_password", "Value": s}]},
    "key and value": lambda s: {"options": [{"key": "auth-token", "value": s}]},
    "parameters of a stack": lambda s: [{"ParameterKey": "DbPassword", "ParameterValue": s}],
    "deep in a manifest": lambda s: {
        "kind": "Deployment",
        "spec": {"containers": [{"name": "a", "env": [{"name": "API_TOKEN", "value": s}]}]},
    },
    "NAME=value": lambda s: {"environment": ["PORT=80", f"DB_PASSWORD={s}"]},
    "NAME=value with signs": lambda s: {"environment": [f"DB_PASSWORD=a&b;c,{s}"]},
    "an option": lambda s: {"args": ["--port", "80", f"--db-password={s}"]},
    "an option in two": lambda s: {"command": ["serve", "--token", s]},
    "an option in a line": lambda s: {"command": f"serve --port 80 --token {s} -v"},
    "a user and password for curl": lambda s: {"command": f"curl -u ana:{s} https://example.com"},
    "a pair of two": lambda s: {"headers": [["X-Api-Key", s]]},
    "the data of a Secret": lambda s: {
        "kind": "Secret",
        "metadata": {"name": "x"},
        "data": {"cert": in_base64(s)},
    },
    "stringData": lambda s: {"kind": "Secret", "metadata": {"name": "x"}, "stringData": {"a.conf": f"x {s}"}},
    "a list of manifests": lambda s: {
        "items": [{"kind": "Secret", "data": {"a": in_base64(s)}}, {"kind": "Pod"}]
    },
    "a generator of Kustomize": lambda s: {"secretGenerator": [{"name": "x", "literals": [f"db={s}"]}]},
    "what was applied last": lambda s: {
        "kind": "Secret",
        "metadata": {
            "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": json.dumps(
                    {"kind": "Secret", "data": {"a": in_base64(s)}}
                )
            }
        },
    },
    "a number after all": lambda s: {"password": f"12{s}"},
}
BY_FORM: dict[str, Position] = {
    "a DSN": lambda s: {"url": f"postgres://app:{s}@db:5432/main"},
    "a DSN with odd signs": lambda s: {"url": f"amqp://app:p@/:{s}@mq/vhost"},
    "a DSN in an option": lambda s: {"url": f"redis://cache:6379/0?password={s}&db=1"},
    "a DSN without scheme": lambda s: {"dsn": f"root:{s}@tcp(127.0.0.1:3306)/db"},
    "libpq": lambda s: {"dsn": f"host=db user=app password={s} dbname=main"},
    "JDBC": lambda s: {"url": f"jdbc:postgresql://db/main?user=app&password={s}"},
    "JDBC with semicolons": lambda s: {"url": f"jdbc:sqlserver://db:1433;user=sa;password={s};encrypt=true"},
    "JDBC of Oracle": lambda s: {"url": f"jdbc:oracle:thin:scott/{s}@//db:1521/x"},
    "a connection string": lambda s: {"main": f"Server=db;Uid=app;Pwd={s};"},
    "an account's key": lambda s: {"main": f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={s}==;"},
    "bearer": lambda s: {"headers": {"Authorization": f"Bearer {s}"}},
    "bearer in a list": lambda s: {"headers": [f"Authorization: Bearer {s}"]},
    "basic": lambda s: {"headers": {"Authorization": "Basic " + in_base64(f"ana:{s}")}},
    "a cookie": lambda s: {"headers": {"Cookie": f"session={s}; theme=dark"}},
    "PEM": lambda s: {"tls": f"-----BEGIN RSA PRIVATE KEY-----\nMIIE{s}\n-----END RSA PRIVATE KEY-----\n"},
    "PEM on one line": lambda s: {
        "tls": f"-----BEGIN PRIVATE KEY-----\\nMIIE{s}\\n-----END PRIVATE KEY-----"
    },
    "S3 signed": lambda s: {"url": f"https://b.s3.amazonaws.com/x?X-Amz-Date=1&X-Amz-Signature={s}"},
    "Azure signed": lambda s: {"url": f"https://b.blob.core.windows.net/c?sv=2024&sig={s}%3D&se=1"},
    "a token of GitHub": lambda s: {"note": f"ghp_{s}0123456789abcdef"},
    "a key of AWS": lambda s: {"note": f"AKIA{s.upper()}ABCDE"},
    "a key of Stripe": lambda s: {"note": f"sk_live_{s}0123456789"},
    "a token of Slack": lambda s: {"note": f"xoxb-1234-{s}"},
    "a webhook": lambda s: {"url": f"https://hooks.slack.com/services/T0/B0/{s}"},
    "a key of Google": lambda s: {"note": f"AIza{s}01234567890123456789abc"},
    "JWT": lambda s: {"note": f"eyJhbGciOiJIUzI1NiJ9.eyJ{s}.c2ln{s}"},
    "a registry's login": lambda s: {"auths": {"reg.example.com": {"auth": in_base64(f"ana:{s}")}}},
    "properties in a text": lambda s: {"data": {"app.properties": f"port=80\ndb.password={s}\n"}},
    "YAML in a text": lambda s: {"data": {"app.yml": f"db:\n  password: {s}\n  port: 80\n"}},
    "JSON in a text": lambda s: {"policy": json.dumps({"a": 1, "password": s})},
    "XML in a text": lambda s: {"settings": f"<server><user>a</user><password>{s}</password></server>"},
    "a default of a reference": lambda s: {"db": {"password": "${DB_PASSWORD:-" + s + "}"}},
    "a token before a host": lambda s: {"url": f"https://ghp_{s}0123456789@github.com/a/b.git"},
}
AS_KEY: dict[str, Position] = {
    "a token as a key": lambda s: {"tokens": {s: {"user": "ana"}}},
    "a token as a key of a user": lambda s: {"api_tokens": {s: "ana"}},
    "a cloud key as a key": lambda s: {"clients": {f"ghp_{s}0123456789abcdef": 1}},
    "a key without a value, as a line of INI without =": lambda s: {"db": {f"password {s} x": ""}},
    "the key of a keyed list": lambda s: {"clients": [{"key": f"sk_live_{s}0123456789", "user": "ana"}]},
}
POSITIONS = BY_NAME | BY_FORM | AS_KEY
FORMATS = ("yaml", "toml", "json")


COMMANDS = """
check old.yaml app.yaml broken.yaml
diff old.yaml app.yaml
diff old.yaml app.yaml --format json
diff old.yaml app.yaml --format markdown
diff old.yaml app.yaml --format html
diff old.yaml app.yaml --format json-patch
assess old.yaml app.yaml
assess old.yaml app.yaml --format json
plan app old.yaml --author ana --reason first
apply app old.yaml --author ana --reason first --override it
plan app app.yaml --author ana --reason why
plan app app.yaml --author ana --reason why --format json
apply app app.yaml --author ana --reason why --override it
log app
show app
show app --format json
status
status --format json
drift app
revert app --author ana --reason back
verify
diff broken.yaml old.yaml
"""


def pair(position: Position, format: str = "yaml") -> tuple[cg.Document, cg.Document]:
    """Two documents that differ in the secret, and in something else."""
    made = [position(OLD), position(NEW)]
    for n, data in enumerate(made):
        if isinstance(data, dict):
            data["zz"] = {"pool": 64 >> n, "timeout": "2s"}
    return write(made[0], format), write(made[1], format)


def texts_of(made: cg.Diff) -> Iterator[str]:
    """Whatever is made of a diff."""
    yield from (
        str(made),
        repr(made),
        made.summary,
        to_markdown(made, "a"),
        to_html(made),
        json.dumps(made.to_json()),
    )
    for change in made:
        yield from (
            str(change),
            repr(change),
            repr(change.effect),
            repr(change.before),
            str(change.after),
            repr(change.path),
        )
    risk = cg.assess(made)
    yield from (risk.explain(), repr(risk), json.dumps(risk.to_json("block")))
    for report in REPORTS.values():
        yield report(Verdicts((Judged("a.yaml", cg.Decision.BLOCK, risk),)))
    try:
        yield json.dumps(made.to_json_patch())
    except ConfguardError as error:
        yield str(error)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", sampled(POSITIONS, 10))
def test_a_diff_says_that_a_secret_changed_and_not_what_it_is(name: str, format: str) -> None:
    if format == "toml" and name == "parameters of a stack":
        return
    old, new = pair(POSITIONS[name], format)
    nothing = write({}, format)
    made = cg.diff(old, new)
    inside = [change for change in made if change.path[:1] != ("zz",)]
    assert inside
    if name not in AS_KEY:
        assert any("***" in str(change) for change in inside)
        assert all(change.effect.word in {"changed", "added", "removed", "moved"} for change in inside)
    assert made.apply(old.data) == new.data
    assert made.invert().apply(new.data) == old.data
    for each in (
        made,
        made.invert(),
        cg.diff(nothing, new),
        cg.diff(old, nothing),
        cg.diff(new, old, moves=False),
    ):
        for said in texts_of(each):
            assert_hidden(said)
    assert_hidden(repr(old))


@pytest.mark.parametrize("name", POSITIONS)
def test_what_is_edited_holds_the_secret_itself(name: str) -> None:
    old, new = pair(POSITIONS[name])
    assert old.edit(cg.diff(old, new)).data == new.data


@pytest.mark.parametrize("name", POSITIONS)
def test_a_conflict_of_a_merge_shows_no_secret(name: str) -> None:
    base, ours = pair(POSITIONS[name])
    theirs = pair(lambda s: POSITIONS[name](s + "Z9"))[1]
    merged = cg.merge(base, ours, theirs)
    for conflict in merged.conflicts:
        for said in (str(conflict), repr(conflict), json.dumps(conflict.to_json())):
            assert_hidden(said)


@pytest.mark.slow
@pytest.mark.parametrize("name", sampled(POSITIONS, 16))
def test_no_command_shows_a_secret(name: str, folder: Path, capsys: Capture) -> None:
    old, new = pair(POSITIONS[name])
    Path("confguard.toml").write_text('[configs.app]\nfiles = ["app.yaml"]\ntargets = ["live.yaml"]\n')
    Path("app.yaml").write_text(new.text)
    Path("old.yaml").write_text(old.text)
    Path("live.yaml").write_text(old.text)
    Path("broken.yaml").write_text(new.text + "\n? [\n")
    for command in COMMANDS.strip().splitlines():
        main(command.split())
        said = capsys.readouterr()
        assert_hidden(said.out + said.err)
    Path("live.yaml").write_text(new.text)
    for command in (
        "drift app",
        "drift app --format json",
        "status",
        "plan app app.yaml --author ana --reason why",
    ):
        main(command.split())
        said = capsys.readouterr()
        assert_hidden(said.out + said.err)


# Typed


class Inner(BaseModel):
    handle: SecretStr = SecretStr("")
    port: int = 1


class Other(BaseModel):
    port: int = 2


@attrs.frozen
class InnerAttrs:
    handle: Secret = attrs.field(factory=lambda: Secret(""))
    port: int = 1


TYPED: dict[str, tuple[Any, Position]] = {
    "Secret": (Secret, lambda s: s),
    "SecretStr": (SecretStr, lambda s: s),
    "SecretBytes": (SecretBytes, lambda s: s),
    "Annotated": (Annotated[SecretStr, "x"], lambda s: s),
    "a list": (list[SecretStr], lambda s: ["a", s]),
    "a set": (set[SecretStr], lambda s: [s]),
    "a tuple": (tuple[int, SecretStr], lambda s: [1, s]),
    "a map": (dict[str, SecretStr], lambda s: {"a": s}),
    "the keys of a map": (dict[SecretStr, int], lambda s: {s: 1}),
    "a union": (SecretStr | int, lambda s: s),
    "a list of unions": (list[Secret | int], lambda s: [1, s]),
    "an optional": (Optional[SecretStr], lambda s: s),  # noqa: UP045 - both ways of writing it
    "a model": (Inner, lambda s: {"handle": s}),
    "an optional model": (Inner | None, lambda s: {"handle": s}),
    "a union of models": (Union[Inner, Other], lambda s: {"handle": s}),  # noqa: UP007
    "models in a map": (dict[str, list[Inner]], lambda s: {"a": [{"handle": s}]}),
    "a root model": (RootModel[list[SecretStr]], lambda s: [s]),
    "lists in lists": (list[dict[str, list[SecretStr | None]]], lambda s: [{"a": [s, None]}]),
}
CLASSES = {
    "Secret": (Secret, lambda s: s),
    "a list": (list[Secret], lambda s: ["a", s]),
    "a map": (dict[str, Secret], lambda s: {"a": s}),
    "an optional": (Secret | None, lambda s: s),
    "a class": (InnerAttrs, lambda s: {"handle": s}),
    "classes in a map": (dict[str, list[InnerAttrs]], lambda s: {"a": [{"handle": s}]}),
}


def schemas() -> Iterator[Any]:
    for name, (kind, position) in TYPED.items():
        yield pytest.param(
            create_model("App", zone=(kind, ...), pool=(int, 1)), position, id=f"pydantic, {name}"
        )
    for name, (kind, position) in CLASSES.items():
        made = make_dataclass("App", [("zone", kind), ("pool", int, 1)])
        yield pytest.param(made, position, id=f"dataclass, {name}")
        made = attrs.make_class(
            "App", {"zone": attrs.field(type=kind), "pool": attrs.field(type=int, default=1)}
        )
        yield pytest.param(made, position, id=f"attrs, {name}")


@pytest.mark.slow
@pytest.mark.parametrize(("schema", "position"), list(schemas()))
def test_a_typed_secret_is_shown_nowhere(schema: Any, position: Position, folder: Path) -> None:
    old, new = (
        write({"zone": position(OLD), "pool": 1}, "yaml"),
        write({"zone": position(NEW), "pool": 2}, "yaml"),
    )
    made = cg.diff(old, new, schema)
    assert any(change.path[0] == "zone" for change in made)
    for said in texts_of(made):
        assert_hidden(said)
    assert made.apply(old.data) == new.data
    explained = cg.explain(schema, old, new)
    assert_hidden(str(explained) + repr(explained) + json.dumps(explained.to_json()))
    cg.load(schema, new)
    for wrong in ("many", [NEW], {"a": NEW}):
        for zone in (position(NEW), [NEW, [NEW]], {NEW: NEW}, 12345):
            Path("a.yaml").write_text(write({"zone": zone, "pool": wrong, "extra": 1}, "yaml").text)
            with pytest.raises(cg.ValidationError) as caught:
                cg.load(schema, "a.yaml")
            if wrong == "many" and zone == position(NEW):
                assert_hidden(told_by(caught.value))


def told_by(error: BaseException | None) -> str:
    """All that an error and those behind it say."""
    said = ""
    while error is not None:
        said += (
            f"{error} {error!r} {error.args} {getattr(error, 'problems', '')} {getattr(error, 'hint', '')}"
        )
        said += error.report() if isinstance(error, cg.ValidationError) else ""
        error = error.__cause__ or error.__context__
    return said


def quoting(value: Any) -> Any:
    raise ValueError(
        f"this is a bad one: {value.get_secret_value() if hasattr(value, 'get_secret_value') else value!r}"
    )


class Quoting(BaseModel):
    zone: Annotated[SecretStr, AfterValidator(quoting)]
    api_token: Annotated[str, AfterValidator(quoting)] = ""


class QuotingWhole(BaseModel):
    zone: SecretStr
    password: str = ""
    port: int = 1

    @model_validator(mode="after")
    def check(self) -> Any:
        raise ValueError(
            f"zone and port do not go together: {self!r} {self.password} {self.zone.get_secret_value()}"
        )


def _fits(instance: Any, attribute: Any, value: Any) -> None:
    raise ValueError(f"bad {value.reveal() if isinstance(value, Secret) else value}")


@attrs.define
class QuotingAttrs:
    zone: Secret = attrs.field(validator=_fits)
    password: str = attrs.field(
        default="", validator=[attrs.validators.max_len(3), attrs.validators.matches_re("[a-z]")]
    )


@pytest.mark.parametrize("schema", [Quoting, QuotingWhole, QuotingAttrs])
@pytest.mark.parametrize("format", FORMATS)
def test_what_a_validator_quotes_is_hidden(schema: Any, format: str, folder: Path) -> None:
    data = {"zone": NEW, "password" if schema is not Quoting else "api_token": f'{OLD}"\n\\ä'}
    Path(f"a.{format}").write_text(write(data, format).text)
    for load in (
        lambda: cg.load(schema, f"a.{format}"),
        lambda: resolve_schema(schema).validate_document(cg.read(f"a.{format}")),
    ):  # type: ignore[union-attr]
        with pytest.raises(cg.ValidationError) as caught:
            load()
        assert_hidden(told_by(caught.value))
        assert str(len(data["zone"])) not in str(caught.value)


class Defaults(BaseModel):
    password: str = OLD
    url: str = f"postgres://app:{OLD}@db/main"
    zone: SecretStr = SecretStr(NEW)
    tokens: list[str] = [NEW]
    env: dict[str, str] = {"API_KEY": OLD, "PORT": "80"}
    inner: Inner = Inner(handle=SecretStr(OLD))


def test_defaults_that_are_secret_are_on_no_page_of_a_schema() -> None:
    schema = resolve_schema(Defaults)
    assert schema is not None
    assert_hidden(json.dumps(json_schema(schema), default=str))
    assert_hidden(example_file(schema, "toml") + example_file(schema, "yaml") + reference_page(schema))
    explained = cg.explain(Defaults)
    assert_hidden(f"{explained} {explained!r}" + json.dumps(explained.to_json()))


def test_a_reason_an_event_and_what_a_guard_holds_show_no_secret() -> None:
    guard = memory_guard()
    old, new = pair(BY_NAME["a password"])
    guard.apply(guard.plan(old, author="ana", reason="first"), override="it")
    plan = guard.plan(new, author="ana", reason=f"rotate {OLD} to {NEW}")
    revision = guard.apply(plan, override="it")
    update = cg.Update(old.data, new.data, guard.diff(1, 2), 2)
    for each in (plan, revision, guard, guard.diff(1, 2), update):
        assert_hidden(f"{each} {each!r}")
    assert_hidden(json.dumps(plan.to_json()))


# Recognising


def _words(text: str) -> list[str]:
    return text.split()


SHOWN = _words("""
password_min_length token_ttl secretName token_url max_tokens keyboard tokenizer password_file passwordFile secret_ref
secretKeyRef passwordSecretRef existingSecret imagePullSecrets public_key primary_key partition_key cache_key key monkey
token_endpoint tokenEndpoint token_type tokens_per_minute password_policy passwordless secretary proxy_pass bypass
pass_through compass password_reset_url allow_password require_password pad_token eos_token page_token client_id
access_key_id private_key_path secrets_manager secretStoreRef token_bucket_size author authority username user
password_expiry_days token_refresh_interval secrets_dir rotate_secrets credential_provider password_hash_rounds
hide_password passenger turnkey hotkey token_count key_id secretNamespace api_key_header automountServiceAccountToken
""")
HIDDEN_NAMES = _words("""
password
passwd db_password DB_PASS dbPass passWord pass_word PassPhrase APIkey github_pat SECRET_KEY secret_key_base
clientSecret api_key apiKey APIKey apikey API_TOKEN
authToken token private_key credentials aws_secret_access_key STRIPE_SECRET_KEY userPassword rootpw psk encryption_key
password_hash POSTGRES_PASSWORD_PROD password2 x-api-key requirepass spring.datasource.password JWT_SECRET GITHUB_TOKEN
password_salt new_password tls_key secretValue access_token refreshToken OPENAI_API_KEY master_key pgpassword
""")


@pytest.mark.parametrize("name", HIDDEN_NAMES)
def test_names_of_secrets(name: str) -> None:
    assert secret_name(name)


@pytest.mark.parametrize("name", SHOWN)
def test_names_of_what_is_about_secrets(name: str) -> None:
    assert not secret_name(name)


@pytest.mark.parametrize(
    "text",
    [
        "${X}",
        "((x))",
        "vault:db#pw",
        "/run/secrets/x",
        "./k.pem",
        "op://a/b",
        "{{ x }}",
        "<secret>",
        "$(X)",
        "$DB_PASS",
        "",
    ]
    + [
        "ref+vault://x",
        "arn:aws:secretsmanager:eu:1:secret:x",
        "projects/p/secrets/s/versions/1",
        "%env(DB)%",
    ]
    + [
        "${{ secrets.X }}",
        "ENC[AES256_GCM,data:x]",
        "@Microsoft.KeyVault(SecretUri=https://x)",
        "${env:DB}",
        "~/.ssh/id",
    ],
)
def test_a_reference_to_a_secret_is_shown(text: str) -> None:
    assert is_reference(text)
    assert text in str(cg.diff({"db": {"password": "x"}}, {"db": {"password": text}}))


@pytest.mark.parametrize(
    "text",
    [
        "http://host:8080/users/@me",
        "nginx:1.25@sha256:1abc",
        "git@github.com:org/repo.git",
        "https://example.com/path?x=1",
    ]
    + [
        "basic authentication",
        "the password is wrong",
        "12:30:45",
        "user@example.com",
        "password=${DB_PASSWORD}",
    ]
    + [
        "postgres://app@db/main",
        "https://login.example.com/oauth/token",
        "key=value",
        "tokens=4096",
        "--max-tokens 4096",
    ]
    + [
        "redis://cache:6379/0",
        "token bucket rate limiting",
        "2024-01-01T00:00:00Z",
        "arn:aws:iam::1:role/x",
        "a: b: c",
    ]
    + [
        "kubernetes.io/tls",
        "registry.local:5000/team/app:1.2",
        "s3://bucket/key?versionId=1",
        "[::1]:8080",
        "*/5 * * * *",
    ]
    + [
        "PASSWORD_FILE: /run/secrets/x",
        "ssh-rsa AAAAB3NzaC1yc2E ana@host",
        "token: missing",
        "grpc://0.0.0.0:50051",
    ],
)
def test_no_false_alarm_in_a_text(text: str) -> None:
    assert masked(text) == text


def test_what_operators_need_is_shown() -> None:
    old = {
        "env": [
            {"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "old-db", "key": "password"}}}
        ],
        "imagePullSecrets": [{"name": "old-reg"}],
        "tls": [{"secretName": "old-tls"}],
        "password": {"min_length": 8},
        "credentials": {"username": "old-ana", "path": "/old"},
        "llm": {"max_tokens": 100, "tokens": 4096},
        "secrets": {"db_password": {"file": "./old.txt"}},
    }
    new = json.loads(
        json.dumps(old).replace("old", "new").replace("8", "9").replace("100", "200").replace("4096", "8192")
    )
    assert "***" not in str(cg.diff(old, new))


def test_one_side_is_enough_to_hide_both() -> None:
    old, new = {"var": {"name": "GREETING", "value": OLD}}, {"var": {"name": "API_KEY", "value": NEW}}
    assert_hidden("".join(texts_of(cg.diff(old, new))))


def test_only_what_is_shown_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    for module in ("guarded", "secrets"):
        monkeypatch.setattr(f"confguard.schema.{module}.masked", lambda text: asked.append(text) or text)
    old = {f"s{n}": {f"k{m}": f"value {n} {m}" for m in range(20)} for n in range(200)}
    new = json.loads(json.dumps(old))
    new["s7"]["k7"] = "other"
    cg.diff(old, new)
    assert len(asked) < 20


def test_known_secrets_of_a_document_are_hidden_in_any_text() -> None:
    secrets = Secrets(resolve_schema(QuotingWhole).shape, {"zone": OLD, "password": NEW})  # type: ignore[union-attr]
    assert secrets.clean(f"{OLD!r} {json.dumps(NEW)}") == "'***' \"***\""


JSON_SCHEMA = {
    "type": "object",
    "properties": {
        "handle": {"type": "string", "writeOnly": True},
        "list": {"type": "array", "items": {"type": "string", "writeOnly": True}},
        "map": {"type": "object", "additionalProperties": {"type": "string", "writeOnly": True}},
        "pool": {"type": "integer", "maximum": 100},
    },
}


@pytest.mark.parametrize("command", ["check new.yaml {}", "check bad.yaml {}", "diff old.yaml new.yaml {}"])
def test_what_a_json_schema_calls_secret_is_hidden(command: str, folder: Path, capsys: Capture) -> None:
    Path("schema.json").write_text(json.dumps(JSON_SCHEMA))
    for name, secret, pool in (("old", OLD, 1), ("new", NEW, 2), ("bad", NEW, 1000)):
        data = {"handle": secret, "list": ["a", secret], "map": {"a": secret}, "pool": pool}
        Path(f"{name}.yaml").write_text(write(data, "yaml").text)
    assert main(command.format("--schema schema.json").split()) in (0, 1)
    said = capsys.readouterr()
    assert_hidden(said.out + said.err)


def test_the_pages_of_a_schema_show_no_secret(folder: Path, capsys: Capture) -> None:
    properties = {
        "password": {"type": "string", "default": OLD},
        "url": {"type": "string", "default": f"amqp://a:{OLD}@h"},
    }
    Path("schema.json").write_text(json.dumps({"type": "object", "properties": properties}))
    Path("new.json").write_text(json.dumps({"type": "object", "properties": properties}).replace(OLD, NEW))
    for command in (
        "json schema.json",
        "example schema.json",
        "docs schema.json",
        "check schema.json new.json",
    ):
        main(["schema", *command.split()])
        said = capsys.readouterr()
        assert_hidden(said.out + said.err)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("reload (false --password=hunter2): ended with 1", "reload (false --password=***): ended with 1"),
        ("x: --password=hunter2 was not taken", "x: --password=*** was not taken"),
        ("run --token=abc, --retries=3", "run --token=***, --retries=3"),
        ("curl --api-key=${KEY} x", "curl --api-key=${KEY} x"),
        ("['x', '--password', 'hunter2'] ended", "['x', '--password', '***'] ended"),
        ('["curl", "-u", "ana:hunter2", "h"]', '["curl", "-u", "ana:***", "h"]'),
        ("run --password:hunter2 now", "run --password:*** now"),
        ("  password: hunter2  # of ana", "  password: ***  # of ana"),
        ("--password: is required", "--password: is required"),
    ],
)
def test_options_in_the_middle_of_a_text(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_what_stands_anywhere_in_a_schema_as_a_default_is_on_no_page(folder: Path, capsys: Capture) -> None:
    inner = {"type": "object", "properties": {"api_key": {"type": "string", "default": OLD}}}
    schema = {
        "type": "object",
        "properties": {
            "db": inner | {"default": {"api_key": OLD}},
            "tokens": {"type": "object", "additionalProperties": {"type": "string", "examples": [OLD]}},
            "urls": {"type": "array", "items": {"type": "string", "default": f"amqp://a:{OLD}@h"}},
            "zone": {"anyOf": [{"type": "string", "writeOnly": True, "default": OLD}, {"type": "null"}]},
            "other": {"$ref": "#/$defs/other"},
        },
        "$defs": {"other": inner},
    }
    Path("schema.json").write_text(json.dumps(schema))
    Path("new.json").write_text(json.dumps(schema).replace(OLD, NEW))
    for command in (
        "json schema.json",
        "example schema.json",
        "docs schema.json",
        "check schema.json new.json",
    ):
        main(["schema", *command.split()])
        said = capsys.readouterr()
        assert_hidden(said.out + said.err)


def test_a_secret_changes_in_a_file_that_becomes_several_documents() -> None:
    kube = "kind: Secret\nmetadata: {name: a}\nstringData:\n  greeting: {}\n"
    one = cg.parse(kube.replace("{}", OLD), "yaml")
    two = cg.parse(kube.replace("{}", NEW) + "---\nkind: Service\nmetadata: {name: b}\n", "yaml")
    for old, new in ((one, two), (two, one)):
        changed = cg.diff(old, new)
        assert any("greeting" in show_path(change.path) for change in changed)
        assert_hidden("".join(texts_of(changed)) + repr(changed) + str(changed.to_json()))
    again = cg.diff(one, one) + cg.diff(one, two)
    assert_hidden(again.clean(f"{OLD} {NEW}"))


class Bucket(BaseModel):
    kind: Literal["s3"]
    blob: Secret = Secret("x")


class Folder(BaseModel):
    kind: Literal["disk"]
    blob: str = "y"


class Stores(BaseModel):
    tagged: Annotated[Bucket | Folder, Field(discriminator="kind")] | None = None
    either: Bucket | Folder | None = None
    every: list[Bucket | Folder] = []
    named: dict[str, Bucket | Folder] = {}
    one: Bucket | None = None
    handles: list[Secret] = []
    mixed: list[Secret] | int = 0


@pytest.mark.parametrize("kind", ["s3", "s4", "disk", None])
@pytest.mark.parametrize("around", ["tagged", "either", "every", "named", "one"])
def test_a_secret_in_one_member_of_a_union_is_one_whatever_is_meant(around: str, kind: str | None) -> None:
    sides = []
    for secret in (OLD, NEW):
        table = {"blob": secret} | ({"kind": kind} if kind else {})
        sides.append({around: [table] if around == "every" else {"a": table} if around == "named" else table})
    assert_hidden("".join(texts_of(cg.diff(*sides, Stores))) + cg.explain(Stores, sides[0]).__str__())
    with suppress(cg.ValidationError):
        assert cg.load(Stores, sides[0])


@pytest.mark.parametrize(
    "data",
    [
        {"one": OLD},
        {"every": OLD},
        {"every": [OLD]},
        {"handles": OLD},
        {"handles": {OLD: 1}},
        {"mixed": OLD},
        {"named": {"a": OLD}},
        {"one": {"kind": "s3", "blob": {OLD: None}}},
    ],
)
def test_what_stands_where_secrets_belong_is_hidden_though_it_is_of_another_kind(
    data: dict[str, Any],
) -> None:
    with pytest.raises(cg.ValidationError) as caught:
        cg.load(Stores, data)
    assert_hidden(str(caught.value))
    assert_hidden("".join(texts_of(cg.diff({}, data, Stores))))


def test_a_number_where_a_number_may_stand_is_shown() -> None:
    assert str(cg.diff({"mixed": 4}, {"mixed": 5}, Stores)).startswith("mixed: 4 -> 5")


HIDING = {"type": "string", "writeOnly": True, "maxLength": 3}
SECRET_PLACES: dict[str, tuple[dict[str, Any], Any]] = {
    "anyOf": ({"anyOf": [{"$ref": "#/$defs/s"}, {"type": "null"}]}, OLD),
    "oneOf": ({"oneOf": [{"type": "integer"}, {"$ref": "#/$defs/s"}]}, OLD),
    "allOf": ({"allOf": [{"$ref": "#/$defs/s"}]}, OLD),
    "prefixItems": ({"prefixItems": [{"type": "integer"}, {"$ref": "#/$defs/s"}]}, [1, OLD]),
    "items": ({"items": {"$ref": "#/$defs/s"}}, [OLD]),
    "contains": ({"contains": {"$ref": "#/$defs/s"}}, [OLD]),
    "then": ({"if": {"type": "string"}, "then": {"$ref": "#/$defs/s"}}, OLD),
    "else": ({"if": {"type": "null"}, "else": {"properties": {"a": {"$ref": "#/$defs/s"}}}}, {"a": OLD}),
    "dependentSchemas": (
        {"dependentSchemas": {"b": {"properties": {"a": {"$ref": "#/$defs/s"}}}}},
        {"a": OLD, "b": 1},
    ),
    "patternProperties": ({"patternProperties": {"^x": {"$ref": "#/$defs/s"}}}, {"xa": OLD}),
    "additionalProperties": ({"additionalProperties": {"$ref": "#/$defs/s"}}, {"a": OLD}),
    "propertyNames": ({"propertyNames": {"$ref": "#/$defs/s"}}, {OLD: 1}),
    "several types": ({"type": ["string", "null"], "writeOnly": True, "maxLength": 3}, OLD),
    "format": ({"format": "password", "type": "string", "maxLength": 3}, OLD),
}


@pytest.mark.parametrize(("node", "value"), SECRET_PLACES.values(), ids=SECRET_PLACES)
@pytest.mark.parametrize("command", ["check new.yaml", "diff old.yaml new.yaml", "diff new.yaml old.yaml"])
def test_whatever_keyword_leads_to_what_is_only_written(
    command: str, node: dict[str, Any], value: Any, folder: Path, capsys: Capture
) -> None:
    Path("schema.json").write_text(json.dumps({"properties": {"zone": node}, "$defs": {"s": HIDING}}))
    Path("new.yaml").write_text(write({"zone": value}, "yaml").text)
    Path("old.yaml").write_text("zone: null\n")
    assert main([*command.split(), "--schema", "schema.json"]) in (0, 1)
    main(["explain", "schema.json", "new.yaml"])
    said = capsys.readouterr()
    assert_hidden(said.out + said.err)


@pytest.mark.parametrize("kind", ["integer", "number", "array", "object", "boolean"])
def test_what_is_only_written_may_be_of_any_kind(kind: str, folder: Path) -> None:
    values = {"integer": 5, "number": 1.5, "array": [1], "object": {"a": 1}, "boolean": True}
    Path("schema.json").write_text(json.dumps({"properties": {"zone": {"type": kind, "writeOnly": True}}}))
    assert cg.load("schema.json", {"zone": values[kind]}) == {"zone": values[kind]}  # type: ignore[arg-type, comparison-overlap]


def test_more_elements_than_a_tuple_has_are_hidden_too() -> None:
    @attrs.frozen
    class Pair:
        both: tuple[int, Secret] = (1, Secret("x"))

    with pytest.raises(cg.ValidationError) as caught:
        cg.load(Pair, {"both": [1, OLD, NEW]})
    assert_hidden(str(caught.value) + str(cg.diff({}, {"both": [1, OLD, NEW]}, Pair)))


def test_no_secret_stays_in_what_somebody_wrote_of_a_revision() -> None:
    guard = memory_guard()
    whys = {"override": f"since {NEW} works", "approved_by": f"bob, password={NEW}"}
    guard.apply(
        guard.plan({"password": OLD, "zone": 1}, author="ana", reason=f"use {OLD}"), override=f"{OLD}!"
    )
    plan = guard.plan({"password": OLD, "zone": 2}, author="ana", reason=f"as {OLD} holds")
    guard.apply(plan, override=f"for {OLD}")
    guard.apply(guard.plan({"password": NEW, "zone": 2}, author="ana", reason=f"{NEW}, not {OLD}"), **whys)
    guard.revert(reason=f"{NEW} is refused, {OLD} was right; token={NEW}")
    guard.revert(only=2, reason=f"{OLD} is right")
    kept = [(each.reason, each.override, each.approved_by) for each in guard.history()]
    assert_hidden(repr(kept) + repr(guard.history()))
    assert kept[1][0] == "*** is refused, *** was right; token=***"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"password": OLD}, {"note": OLD}),
        ({"note": OLD}, {"password": OLD}),
        ({"env": [{"name": "PASSWORD", "value": OLD}]}, {"env": [{"name": "PLAIN", "value": OLD}]}),
        ({"a": {"password": OLD}}, {"a": {"password": NEW}, "url": f"http://h/?x={OLD}"}),
        ({"db": {"password": OLD, "port": 1}}, {"text": {"lines": ["a", f"b {OLD}"]}}),
    ],
)
def test_a_secret_that_goes_elsewhere_stays_one(old: dict[str, Any], new: dict[str, Any]) -> None:
    made = cg.diff(old, new)
    assert_hidden("".join(texts_of(made)) + repr(made))
    assert made.apply(old) == new
    assert made.invert().apply(new) == old


def test_a_secret_that_does_not_change_hides_nothing_else() -> None:
    assert str(
        cg.diff({"password": "postgres", "user": "postgres"}, {"password": "postgres", "user": "app"})
    ) == ('user: "postgres" -> "app"')


@pytest.mark.parametrize(
    "text",
    [
        "password: !hunter2x",
        "password: !!hunter2x",
        "password: !<hunter2x>",
        "password: !hunter2x y",
        "password: !hunter2x!y",
        "!hunter2x: 1",
        "a: !Ref b\npassword: !hunter2x",
    ],
)
def test_a_password_that_yaml_takes_for_a_tag_is_not_shown(text: str) -> None:
    """One that begins with an exclamation mark, and stands without quotes."""
    with pytest.raises(cg.DocumentError) as caught:
        cg.parse(text, "yaml")
    assert "hunter2" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("tag", ["!Ref", "!Fn::Sub", "!Base64", "!vault", "!!python/object:os.system"])
def test_a_tag_is_named(tag: str) -> None:
    with pytest.raises(cg.DocumentError, match=f"the tag {tag} is not known"):
        cg.parse(f"a: {tag} b", "yaml")
