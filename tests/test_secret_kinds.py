"""What is a secret, by kind: each with cases from the world, beside their like that an operator must see."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import pydantic
import pytest
from pydantic import BaseModel, ConfigDict, Field, Json, SecretStr, WithJsonSchema

import confguard as cg
from confguard.schema.export import example_file, reference_page
from confguard.schema.guarded import shown_value
from confguard.schema.schema import resolve_schema
from confguard.schema.secrets import Secrets
from confguard.schema.shape import ANYTHING

S = "hUnter2Zq7"


def shown(data: Any) -> str:
    return json.dumps(shown_value(Secrets(ANYTHING, data).guarded(data, ())), ensure_ascii=False)


def nested(text: str, times: int) -> str:
    for _ in range(times):
        text = json.dumps({"a": text})
    return text


def indented(text: str, times: int) -> str:
    for _ in range(times):
        text = "a: |\n" + "".join(f"  {line}\n" for line in text.splitlines())
    return text


DOCUMENTS_IN_TEXTS: dict[str, Any] = {
    "JSON": {"SPRING_APPLICATION_JSON": json.dumps({"redis": {"password": S}})},
    "JSON with lines": {"data": {"a.json": json.dumps({"redis": {"password": S}}, indent=2)}},
    "a list of names and values": {"env": json.dumps([{"name": "TOKEN", "value": S}])},
    "a list of passwords": {"data": {"a.json": json.dumps({"passwords": ["a", S]})}},
    "a password of two words": {"data": {"a.json": json.dumps({"db": {"password": f"a {S}"}})}},
    "JSON in JSON": {"x": json.dumps({"y": json.dumps([{"key": "api-token", "val": S}])})},
    "YAML with a block": {"data": {"a.yaml": f"db:\n  password: |\n    {S}\n    more\n"}},
    "YAML with a folded block": {"data": {"a.yaml": f"db:\n  password: >-\n    one\n    {S}\n"}},
    "YAML with two words": {"data": {"a.yaml": f"user: ana\npassword: a {S}\n"}},
    "YAML in flow style": {"data": {"a.yaml": f"port: 80\ntokens: {{ci: {S}}}\n"}},
    "YAML with a list": {"data": {"a.yaml": f"port: 80\ntokens:\n- a\n- {S}\n"}},
    "YAML of names and values": {"data": {"v.yaml": f"env:\n- name: DB_PASSWORD\n  value: {S}\n"}},
    "a Secret": {"manifest": f"apiVersion: v1\nkind: Secret\nstringData:\n  cert: {S}\n"},
    "several documents": {"m": f"kind: Pod\n---\nkind: Secret\nstringData:\n  cert: {S}\n"},
    "a key": {"data": {"a.json": json.dumps({"tokens": {S: {"user": "ana"}}})}},
    "with comments": {"data": {"a.yaml": f"# for ana\ndb:  # main\n  passwords:\n    - {S}  # mine\n"}},
    "a template": {"x": f"{{{{ if x }}}}\nuser: ana\npassword: a {S}\n{{{{ end }}}}\n"},
    "YAML with a key twice": {"x": f"a: 1\na: 2\npassword: a {S}\n"},
    "TOML": {"x": f'[db]\npassword = """\n{S}\n"""\n'},
    "JSON in JSON, often": {"x": nested(f"password: a {S}\nport: 80\n", 6)},
    "lines in lines, often": {"x": indented(f"port: 80\npassword: a {S}\n", 9)},
    "many in one text": {"x": json.dumps({"env": " ".join(f"--token {S}{n}" for n in range(40))})},
    "cut off": {"x": '{"redis": {"passwords": ["' + S + '", "b"]'},
}


@pytest.mark.parametrize("name", DOCUMENTS_IN_TEXTS)
def test_a_document_in_a_text_is_judged_as_one(name: str) -> None:
    assert S not in shown(DOCUMENTS_IN_TEXTS[name])


HIDDEN: dict[str, Any] = {
    # headers
    "name and value of a header": {"headers": [{"name": "Authorization", "value": f"{S}"}]},
    "a proxy's header": {"headers": [{"name": "Proxy-Authorization", "value": f"Basic {S}"}]},
    "key and value of a cookie": {"headers": [{"key": "Cookie", "value": f"sid={S}"}]},
    "a header's own key": {"request_headers_to_add": [{"header": {"key": "authorization", "value": f"{S}"}}]},
    "header and value": {"rules": [{"header": "Set-Cookie", "value": f"sid={S}"}]},
    "a header with a table": {"headers": {"Authorization": {"value": f"Bearer {S}"}}},
    "a header with a list": {"headers": {"Authorization": [f"Bearer {S}"]}},
    "a header with several values": {"headers": {"Cookie": {"values": [f"sid={S}"]}}},
    # command lines
    "bundled flags of curl": {"run": f"curl -su ana:{S} https://x"},
    "more bundled flags": {"run": f"curl -fsSLu ana:{S} https://x"},
    "bundled flags in a list": {"args": ["curl", "-sSu", f"ana:{S}", "https://x"]},
    "a certificate's password": {"run": f"curl -E cert.pem:{S} https://x"},
    "a certificate's password, long": {"run": f"curl --cert ./cert.pem:{S} https://x"},
    "openssl enc": {"run": f"openssl enc -aes-256-cbc -k {S} -in a -out b"},
    "aws configure": {"run": f"aws configure set aws_secret_access_key {S}"},
    "npm config": {"run": f"npm config set //registry.npmjs.org/:_authToken {S}"},
    "git config": {"run": f"git config --global github.token {S}"},
    "a Secret made": {"run": f"kubectl create secret generic x --from-literal=a={S} -n y"},
    "a Secret made, in two": {"run": f"kubectl create secret generic x --from-literal a={S}"},
    "smbclient": {"run": f"smbclient //h/s -U 'ana%{S}'"},
    "vault login": {"run": f"vault login {S}"},
    "vault login by method": {"run": f"vault login -method=userpass username=a password={S}"},
    # defaults
    "Terraform's variable": {"variable": {"db_password": {"type": "string", "default": S}}},
    "Terraform's variables as lists": {"variable": [{"db_password": [{"default": S}]}]},
    "CloudFormation's parameter": {"Parameters": {"DbPassword": {"Type": "String", "Default": S}}},
    "an input of a workflow": {"inputs": {"api_key": {"description": "x", "default": S}}},
    # Kubernetes
    "a list of Secrets": {"kind": "SecretList", "items": [{"metadata": {"name": "x"}, "data": {"a": S}}]},
    "a list of Secrets in the clear": {"kind": "SecretList", "items": [{"stringData": {"a": S}}]},
    "a template of a sealed Secret": {
        "kind": "SealedSecret",
        "spec": {"template": {"stringData": {"a": S}, "metadata": {"name": "x"}}},
    },
    # forms
    "Telegram in a URL": {"url": f"https://api.telegram.org/bot123456789:AAE{S}0123456789abcdefghijk/send"},
    "a token before a host": {"url": f"https://{S}@github.com/x"},
    "a token before a host, of git": {"run": f"git clone https://{S}@gitlab.example.com/a/b.git"},
    "npmrc": {"npmrc": f"//registry.npmjs.org/:_authToken={S}\n"},
    "npmrc's login": {"npmrc": f"_auth={S}\nalways-auth=true\n"},
    "npmrc in a table": {"//registry.npmjs.org/:_authToken": S},
    "web.config": {"file": f'<appSettings><add key="DbPassword" value="{S}"/></appSettings>'},
    "web.config turned": {"file": f'<add value="{S}" key="DbPassword" />'},
    "an attribute": {"file": f'<dataSource user="a" password="{S}"/>'},
    "Spring's XML": {"file": f'<property name="password" value="{S}"/>'},
    "Hadoop's XML": {"file": f"<property><name>db.password</name><value>{S}</value></property>"},
    "redis.conf": {"redis.conf": f"port 6379\nrequirepass {S}\nmasterauth x{S}\n"},
    "redis.conf in one line": {"conf": f"requirepass {S}"},
    "pgpass": {"pgpass": f"db:5432:main:app:{S}"},
    "pgpass with any": {"pgpass": f"*:*:*:postgres:{S}\n"},
    "a connection in an attribute": {"file": f'<add name="x" connectionString="Server=a;Password={S}"/>'},
    "pairs in a pair": {"env": f'DSN="host=db password={S}"'},
    "an entry of XML": {"file": f'<entry key="db.password">{S}</entry>'},
    "a bean": {"file": f'<property name="password"><value>{S}</value></property>'},
    "a user that is a token": {"url": f"https://{S}:x-oauth-basic@github.com/a"},
    "a Secret made by a list": {
        "args": ["kubectl", "create", "secret", "generic", "x", f"--from-literal=a={S}"]
    },
    # names
    "bearer": {"auth": {"bearer": S}},
    "secureJsonData": {"datasources": [{"name": "x", "secureJsonData": {"a": S}}]},
    "JWK of an elliptic curve": {"keys": [{"kty": "EC", "crv": "P-256", "x": "aa", "d": S}]},
    "JWK of one key": {"jwk": {"kty": "oct", "k": S, "alg": "HS256"}},
    "JWK of RSA": {"jwk": {"kty": "RSA", "n": "aa", "e": "AQAB", "p": f"p{S}", "qi": S}},
    # what looks like something harmless, and is none
    "a password under limits": {"limits": {"password": S}},
    "a long number under a port": {"ports": {"password": "90071992547409"}},
    "a password behind its option": ["serve", "--password", S],
    "a pair of a header": {"headers": [["X-Api-Key", S]]},
    "a password with a brace": {"password": "{" + S},
    "a bearer": {"x": f"Authorization: Bearer {S}"},
    "id_token": {"oidc": {"id-token": S}},
    "secrets in a list": {"secrets": [S, "b-1"]},
    "several secrets": {"secrets": {"db": S}},
    "stripe": {"stripe_secret_key": f"pk{S}"},
    "vault": {"vault_secret": S},
}


@pytest.mark.parametrize("name", HIDDEN)
def test_a_secret_is_hidden(name: str) -> None:
    assert S not in shown(HIDDEN[name])


SHOWN: list[Any] = [
    {"permissions": {"id-token": "write"}},
    {"permissions": {"id-token": "none", "contents": "read"}},
    {"jobs": {"call": {"uses": "./x.yml", "secrets": "inherit"}}},
    {"id_tokens": {"VAULT_ID_TOKEN": {"aud": "https://vault.example.com"}}},
    {
        "spec": {
            "data": [{"secretKey": "db-password", "remoteRef": {"key": "prod/db", "property": "password"}}]
        }
    },
    {"services": {"app": {"secrets": ["db_password", "api_key"]}}},
    {"services": {"app": {"secrets": [{"source": "db_password", "target": "pw", "mode": 256}]}}},
    {"secrets": {"db_password": {"file": "./db.txt"}, "x": {"external": True, "name": "prod_x"}}},
    {"vault_secret": "secret/data/x#pw"},
    {"vault_secret": "kv/data/prod/db"},
    {"securitySchemes": {"api_key": {"type": "apiKey", "in": "header", "name": "X-Key"}}},
    {"credential": {"helper": "store"}},
    {"credential": {"helper": "cache --timeout=3600"}},
    {"columns": ["password", "email"]},
    {"fields": ["token", "created"]},
    {"redact": ["secret", "card"]},
    {"headers": ["Authorization", "X-Api-Key"]},
    {"mac": "00:50:56:78:9a:bc", "note": "token expired"},
    {"llm": {"tokens": {"default": 4096, "max": 8192}}},
    {"rate_limits": {"token": 10, "password": 3}},
    {"limits": {"api_key": 100, "password": 5}},
    {"ports": {"secret": 8080}},
    {"timeouts": {"token": 30, "password": "5s"}},
    {"retries": {"token": 3}},
    {"labels": {"password": "Passwort"}},
    {"translations": {"de": {"password": "Kennwort", "token": "Marke"}}},
    {"messages": {"password": "Please enter it again"}},
    {"types": {"password": "text", "token": "varchar(255)"}},
    {"properties": {"password": {"type": "string", "minLength": 8}}},
    {"log_format": "token=%t secret=%s"},
    {"help": "Use --token TOKEN to log in"},
    {"help": "--password PASSWORD  the password, --api-key=KEY"},
    {"message": "invalid token: {token}"},
    {"message": "password={password}"},
    {"header": "Authorization: Bearer {{token}}"},
    {"header": "Authorization: Bearer ${TOKEN}"},
    {"header": "Authorization: token $GITHUB_TOKEN"},
    {"headers": {"Authorization": "Bearer {{ token }}"}},
    {"headers": {"Authorization": "Bearer ${API_TOKEN}"}},
    {"stripe_publishable_key": "pk_live_0123456789abcdef"},
    {"storage_key": "theme"},
    {"first_pass": "fast"},
    {"second_pass": "slow"},
    {"multi_pass": "on"},
    {"note": "the YAML: of a text\nwith lines: of words\n"},
    {"url": "https://user@github.com/x", "ssh": "ssh://git@github.com/x"},
    {"url": "https://first.last@example.com/x"},
    {"run": "docker run -u 1000:1000 -p 80:80 x"},
    {"run": "curl -E cert.pem https://x"},
    {"run": "kubectl get secret generic"},
    {"file": '<add key="Timeout" value="30"/>'},
    {"point": {"d": "M0 0L10 10", "k": "x", "kind": "path"}},
    {"data": {"a.json": '{"token_ttl": 30, "pool": {"max": 4}}'}},
    {"data": {"a.yaml": "# what for\nport: 80\nhosts: [a, b]  # two\n"}},
]


@pytest.mark.parametrize("data", SHOWN, ids=str)
def test_what_an_operator_must_see_is_shown(data: Any) -> None:
    assert shown(data) == json.dumps(data, ensure_ascii=False)


def test_what_is_known_of_a_document_in_a_text_is_hidden_elsewhere() -> None:
    secrets = Secrets(ANYTHING, DOCUMENTS_IN_TEXTS["a password of two words"])
    assert secrets.clean(f"cannot log in with a {S}") == "cannot log in with ***"


def test_a_document_in_a_text_that_grows_without_bound_is_judged_as_a_text() -> None:
    aliases = "a: &a [x, x, x, x, x, x, x, x]\n"
    for one, other in zip("abcde", "bcdef", strict=True):
        aliases += f"{other}: &{other} [{', '.join([f'*{one}'] * 8)}]\n"
    assert S not in shown({"x": f"{aliases}password: {S}\n"})


# By the type


class Settings(BaseModel):
    number: pydantic.Secret[int] = pydantic.Secret(1)
    text: pydantic.Secret[str] | None = None
    day: pydantic.Secret[date] | None = None
    several: list[pydantic.Secret[str]] = []
    table: pydantic.Secret[dict[str, str]] | None = None
    inner: Json[SecretStr] | None = None
    inner_table: Json[dict[str, SecretStr]] | None = None
    written: str = Field("", json_schema_extra={"writeOnly": True})
    form: Annotated[str, Field(json_schema_extra={"format": "password"})] = ""
    told: Annotated[str, WithJsonSchema({"type": "string", "writeOnly": True})] = ""
    licence: SecretStr | None = None
    serial_number: SecretStr | None = None


TYPED: dict[str, Any] = {
    "number": "90071992547",
    "text": "{}",
    "day": "2021-12-{}",
    "several": ["{}"],
    "table": {"a": "{}"},
    "inner": '"{}"',
    "inner_table": '{{"a": "{}"}}',
    "written": "{}",
    "form": "{}",
    "told": "{}",
    "licence": "{}",
    "LICENCE": "{}",
    "Licence": "{}",
    "license": "{}",
    "SERIAL-NUMBER": "{}",
}


def filled(value: Any, secret: str) -> Any:
    if isinstance(value, dict):
        return {key: filled(inner, secret) for key, inner in value.items()}
    return [filled(each, secret) for each in value] if isinstance(value, list) else value.format(secret)


@pytest.mark.parametrize("name", TYPED)
def test_what_its_type_says_is_secret_is_hidden(name: str) -> None:
    old, new = ({name: filled(TYPED[name], secret)} for secret in (S, f"{S}2"))
    said = f"{cg.diff(old, new, schema=Settings)} {cg.assess(cg.diff({}, new, schema=Settings)).explain()}"
    for wrong in (new, {**new, "other": 1}):
        try:
            said += str(cg.explain(Settings, wrong))
        except cg.ConfguardError as error:
            said += str(error)
    assert S not in said
    assert "90071992547" not in said


def test_another_letter_case_is_a_misspelling_too(tmp_path: Path) -> None:
    file = tmp_path / "app.env"
    file.write_text(f"LICENCE={S}\n")
    with pytest.raises(cg.ConfguardError) as caught:
        cg.load(Settings, file)
    assert "did you mean 'licence'?" in str(caught.value)
    assert S not in str(caught.value)


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    api_licence: SecretStr | None = None


def test_another_letter_case_is_hidden_where_other_keys_are_allowed() -> None:
    assert S not in str(cg.diff({}, {"Api-Licence": S}, schema=Open))


class Keyed(BaseModel):
    grants: dict[SecretStr, int] = {}


def test_the_name_of_a_variable_shows_no_key_that_is_secret() -> None:
    with pytest.raises(cg.ConfguardError) as caught:
        cg.load(Keyed, cg.Env("P_", environ={f"P_GRANTS__{S}": "many"}))
    assert S.lower() not in str(caught.value).lower()
    assert "$P_***" in str(caught.value)


def test_no_page_of_a_schema_shows_what_is_secret_and_constant(tmp_path: Path) -> None:
    nodes = {
        "const": {"type": "string", "const": S, "writeOnly": True},
        "enum": {"enum": [S, "b"], "format": "password"},
        "examples": {"type": "string", "examples": [S], "writeOnly": True},
        "table": {"type": "object", "const": {"a": S}, "writeOnly": True},
        "ref": {"$ref": "#/$defs/hidden"},
    }
    file = tmp_path / "s.json"
    hidden = {"type": "string", "const": S, "writeOnly": True}
    file.write_text(
        json.dumps(
            {"type": "object", "properties": nodes, "required": list(nodes), "$defs": {"hidden": hidden}}
        )
    )
    schema = resolve_schema(str(file))
    for page in (reference_page(schema), example_file(schema, "yaml")):
        assert S not in page


# What is shown of values of Python


def test_no_repr_shows_what_a_value_holds(tmp_path: Path) -> None:
    target = tmp_path / "app.yaml"
    guard = cg.Guard("app", store="memory://", targets=[str(target)], format="yaml")
    guard.apply(guard.plan({"port": 80, "handle": "a"}, reason="why"), override="it")
    target.write_text(f"port: 80\nhandle: {S}\npassword: {S}\n")
    with pytest.raises(cg.ConfguardError) as caught:
        guard.apply(guard.plan({"port": 81, "handle": "a"}, reason="why"), override="it")
    (drift,) = caught.value.drift
    merged = cg.merge({"password": S}, {"password": S, "a": 1}, {"password": S, "b": 1})
    env = cg.Env("P_", environ={"P_PASSWORD": S})
    for each in (drift, guard.drift(), caught.value, merged, env):
        assert S not in f"{each!r} {each}"
