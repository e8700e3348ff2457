"""Secrets as the world writes them: flags beside a value, hashes of passwords, one-time codes, commands' options."""

from __future__ import annotations

from typing import Any

import pytest

import confguard as cg
from confguard.secrets import masked, secret_name

CANARY = "cAn4ry7x"


def shown(data: Any) -> str:
    """What a diff shows of data that is new."""
    made = cg.diff({}, {"it": data})
    return f"{made}{made.to_json()}"


def _words(text: str) -> list[str]:
    return text.split()


# A flag beside the value


@pytest.mark.slow
@pytest.mark.parametrize(
    "flag",
    [
        {"sensitive": True},
        {"sensitive": "true"},
        {"Sensitive": True},
        {"IsSensitive": True},
        {"isSecret": True},
        {"is_secret": True},
        {"secret": True},
        {"masked": True},
        {"secured": True},
        {"NoEcho": True},
        {"NoEcho": "true"},
        {"writeOnly": True},
        {"type": "securestring"},
        {"type": "secureObject"},
        {"Type": "SecureString"},
        {"type": "SECRET"},
        {"type": "password"},
        {"format": "password"},
    ],
)
@pytest.mark.parametrize("key", ["value", "default", "Default", "defaultValue", "Value", "example"])
def test_what_is_flagged_as_secret_is_hidden(flag: dict[str, Any], key: str) -> None:
    for value in (CANARY, [CANARY], {"a": CANARY, "b": {"c": [CANARY]}}, f"/{CANARY}"):
        assert CANARY not in shown({"variable": {"greeting": {key: value, **flag, "description": "plain"}}})
        assert CANARY not in shown([{"name": "greeting", **flag, key: value}])
    assert "71834629" not in shown({"greeting": {key: 71834629, **flag}})
    assert "plain" in shown({"variable": {"greeting": {key: CANARY, **flag, "description": "plain"}}})


def test_a_flag_on_either_side_is_enough() -> None:
    one, two = {"x": {"value": CANARY}}, {"x": {"value": "other", "sensitive": True}}
    for made in (cg.diff(one, two), cg.diff(two, one)):
        assert CANARY not in str(made)


@pytest.mark.parametrize("flag", [{"sensitive": False}, {"sensitive": "false"}, {}, {"type": "string"}])
def test_what_is_flagged_as_plain_is_shown(flag: dict[str, Any]) -> None:
    assert "hello" in shown({"variable": {"greeting": {"default": "hello", **flag}}})


def test_a_flag_is_heeded_by_explain() -> None:
    from pydantic import BaseModel

    class App(BaseModel):
        variables: dict[str, dict[str, Any]]

    data = {"variables": {"greeting": {"default": CANARY, "sensitive": True}}}
    explained = cg.explain(App, data, data)
    assert CANARY not in f"{explained}{explained!r}{explained.to_json()}"


# Hashes of passwords


HASHES = _words("""
$apr1$H6uskkkW$IgXLP6ewTrSuBkTrqE8wj/ $2y$05$c4WoMPo3SXsafkva.HHa6uXQZWr7oboPiC2bT/r7q1BB8I2s0BRqC
$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW $1$28772684$iEwNOgGugqO9.bIz5sk8k/
$5$rounds=5000$usesomesillystri$KqJWpanXZHKq2BOB43TSaYhEWsQ1Lr5QNyPCDH/Tp.6
$6$52450745$k5ka2p8bFuSmoVT1tzOyyuaREkkKBcCNqoDKzYiJL9RaE8yMnPgh2XzzF0NDrUhgrcLwg78xs1w5pJiypEdFX/
$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7
$argon2id$v=19$m=65536,t=2,p=1$gZiV/M1gPc22ElAH/Jh1Hw$CWOrkoo7oJBQ/iyh7uJ0LO2aLEfrHwTWllSAxT0zRno
$P$B55D6LjfHDkINU5wF.v2BuuzO0/XPk/ $S$DxVn7wubSRzoK9X2pkGx4njeDRkLEgdqPphc2ZXkkb8Viy8JEGf3
$pbkdf2-sha256$29000$N2YMIWQsBWBMae09x1jrPQ$1t8iyB2A.WF/Z5JZv.lfCIhXXN33N23OSgQYThBYRfk
pbkdf2_sha256$260000$Rq1a8e2d9Ykz$h4xZqPqP9m0b1l5uKJc1hYlV8o2yq1m7f8J3n5o6p7q=
pbkdf2:sha256:260000$hY3kqvFz$e2f1c4b6a8d0e2f1c4b6a8d0e2f1c4b6a8d0e2f1c4b6a8d0
scrypt:32768:8:1$9bq2Gd6k$e2f1c4b6a8d0e2f1c4b6a8d0e2f1c4b6a8d0e2f1c4b6a8d0
bcrypt_sha256$$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW
SCRAM-SHA-256$4096:H45+UIZiJUcE==$I0mc87UotsrnezRKv9Ijqn/zHPARAGfVs=:nSjwT9LGDmAsMo+GqbmC2X/9LMgowTQ=
md5d8578edf8458ce06fbc5bb76a58c5ca4
*6BB4837EB74329105EE4568DDA7DC67ED2CA2AD9
{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g= {SSHA}DkMTwBl+a/3DQTxCYEApdUtNXGgdUac3
{SSHA512}0vlLWXZ8qsWNhJ3p2f9n0b1l5uKJc1hYlV8o2yq1m7f8
{CRYPT}$6$52450745$k5ka2p8bFuSmoVT1tzOyyuaREkkKBcCNqoDKzYiJL9RaE8yMnPgh2XzzF0NDrUhgrcLwg78xs1w5pJiypEdFX/
""")


@pytest.mark.parametrize("hashed", HASHES)
def test_the_hash_of_a_password_is_hidden(hashed: str) -> None:
    core = hashed[-12:]
    assert masked(f"ana:{hashed}") == "ana:***"
    for text in (
        hashed,
        f"ana:{hashed}:19000:0:99999:7:::",
        f"auth.users=ana:{hashed},bob:{hashed}",
        f"a {hashed} b",
    ):
        assert core not in masked(text), text
    twice = hashed.replace("$", "$$")  # as in compose files
    assert core not in masked(f"traefik.http.middlewares.auth.basicauth.users=ana:{twice}")
    assert core not in shown({"htpasswd": [f"ana:{hashed}"], "text": f"# users\nana:{hashed}\n"})


@pytest.mark.parametrize(
    "text",
    [
        "rewrite ^/(.*)$ /$1$is_args$args last;",
        "$1$2",
        "s/(a)(b)/$1$2$3/",
        "$host$request_uri",
        "{SHA} is no hash",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "scrypt:32768:8:1",
        "$6",
        "costs $5 and $6$ more",
    ],
)
def test_what_only_looks_like_a_hash_is_shown(text: str) -> None:
    assert masked(text) == text


@pytest.mark.parametrize("name", ["basic_auth", "basicAuth", "http-auth", "web.auth", "proxy_auth"])
def test_a_user_and_password_in_one_text(name: str) -> None:
    assert CANARY not in shown({name: f"ana:{CANARY}"})
    for value in ("enabled", "https://example.com", "digest", "ana"):
        assert value in shown({name: value})


# Tokens, as detectors of secrets know them

TOKENS = _words("""
dp.pt.@ dt0c01.@ pplx-@ pul-@ pat-na1-@ HRKU-@ NRJS-@ rdme_@ sgp_@ squ_@ tfp_@ tskey-auth-@ sbp_@ nfp_@ gsk_@
xai-@ r8_@ bkua_@ xkeysib-@ shippo_live_@ duffel_test_@ EZAK@ FLWSECK_TEST-@ CLOJARS_@ p8e-@ AKCp@ ops_eyJ@
api_org_@ phx_@ sha256~@@ abc8Q~@@ MTA5@.GabcdE.@@ glpat-@ hf_@ npm_@
""")


@pytest.mark.parametrize("form", TOKENS)
def test_a_token_is_known_by_how_it_begins(form: str) -> None:
    token = form.replace("@", "q7Zk2Lm9Xr4Vt1Ws8Bn3")
    token = token if "Q~" not in form else token[:38]
    for text in (token, f"the key {token} is old", f'{{"a": "{token}"}}', f"a:\n  - {token}\n"):
        assert "q7Zk2Lm9" not in masked(text), text


@pytest.mark.parametrize(
    "text",
    ["sha256~x", "pul-x", "xai-model-small", "sq_users", "pat-na1", "tskey-auth", "phx_port-forwarding-to-x"],
)
def test_what_only_begins_like_a_token_is_shown(text: str) -> None:
    assert masked(text) == text or text.startswith("phx_")


# Names


@pytest.mark.parametrize(
    "name",
    _words("""
totp_seed totpSeed TOTP_SEED otp_seed mfa_seed wallet_seed session_cookie auth_cookie sessionCookie pin
user_pin PIN sim_pin hsm_pin pin_code pincode salt SALT app_salt otp totp mfa otp_code mfa_code recovery_codes
backup_codes keypass key_pass storepass db_key database_key priv_key service_key contrasena contraseña
mot_de_passe motdepasse wachtwoord security_answer security_answers access_code unlock_code sas_token
hash_salt pepper passkey session_cookies
"""),
)
def test_names_of_secrets(name: str) -> None:
    assert secret_name(name)
    assert CANARY not in shown({name: CANARY})


@pytest.mark.parametrize(
    "name",
    _words("""
pinned spin pinning pins_enabled pin_memory pin_version opinion pipeline mapping spinner salt_length
salt_master session_cookie_name session_cookie_secure session_cookie_samesite session_cookie_domain cookie
cookies cookie_name cookie_policy otp_length otp_issuer mfa_enabled mfa_method mfa_required random_seed seed
seeds cs_pin led_pin gpio_pin basalt hmac_algorithm pin_length saltstack error_code status_code code postcode
country_code result_codes exit_code language_code ssh_public_key map_key sort_key routing_key foreign_key
"""),
)
def test_names_of_what_is_none(name: str) -> None:
    assert not secret_name(name)
    assert "plain-one" in shown({name: "plain-one"})


@pytest.mark.parametrize(
    "data",
    [
        {"pin": 17},
        {"pin": "GPIO4"},
        {"pin": {"number": "GPIO4x", "mode": "output"}},
        {"mfa": "required"},
        {"mfa": "totp"},
        {"otp": {"issuer": "acme-x", "digits": 6}},
        {"salt": {"master": "salt.example.com"}},
        {"session_cookie": {"same_site": "Lax", "domain": "example.com"}},
        {"mfa": {"provider": "okta", "grace": "7d"}},
    ],
)
def test_what_an_ambiguous_name_says_otherwise_is_shown(data: dict[str, Any]) -> None:
    assert "***" not in shown(data)


# Commands


COMMANDS = """
mysql -u root -p@ db
mysqldump --single-transaction -uroot -p@ app
/usr/bin/mysqladmin -h db -p@ ping
mariadb-dump -u app -p@ main
redis-server --requirepass @
redis-cli -h cache -a @ ping
redis-cli --pass @ ping
curl -u ana:@ https://example.com
curl -s --user ana:@ https://example.com
curl --proxy-user ana:@ https://example.com
curl -uana:@ https://example.com
http -a ana:@ example.com
mysql --user=root -p'@' db
mysqldump -u root -p"@" db
echo @ | docker login -u ana --password-stdin
echo "ana:@" | chpasswd
sshpass -p @ ssh %HOST
sshpass -p@ ssh %HOST
mongosh --host db -u ana -p @
mongodump -u ana -p @ --db main
ldapsearch -x -D cn=admin -w @ -b dc=x
sqlcmd -S db -U sa -P @ -Q x
/opt/mssql-tools/bin/sqlcmd -S db -U sa -P@ -Q x
docker login -u ana -p @ reg.example.com
helm registry login reg.example.com -u ana -p @
oc login -u ana -p @ https://api
az login --service-principal -u app -p @ --tenant t
openssl enc -aes-256-cbc -pass pass:@ -in a
openssl pkcs12 -export -passout pass:@ -out a
keytool -genkey -storepass @ -keypass @
zip -P @ a.zip a
7z a -p@ a.7z a
mosquitto_pub -h mq -u ana -P @ -t x
skopeo copy --src-creds ana:@ a b
smbclient //host/share -U ana%@
ipmitool -H host -U admin -P @ power status
htpasswd -nb ana @
htpasswd -cb /etc/users ana @
rabbitmqctl add_user ana @
rabbitmqctl change_password ana @
""".strip().splitlines()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_password_on_a_command_line_is_hidden(command: str) -> None:
    line = command.replace("@", CANARY).replace("%HOST", "ana@host")
    tool = line.split()[0]
    for text in (line, f"sh -c '{line}'", f"set -e; {line}", f"cd /x && {line} | cat"):
        assert CANARY not in masked(text), text
        assert tool in masked(text)
    assert CANARY not in shown(["sh", "-c", line]) + shown({"command": line})
    if "|" not in line:
        assert CANARY not in shown(line.split()) + shown(["sudo", *line.split()])
        assert tool in shown(line.split())


def test_arguments_whose_program_stands_elsewhere() -> None:
    for words in (["-uroot", f"-p{CANARY}", "app"], ["-h", "db", "-u", "root", f"-p{CANARY}"]):
        assert CANARY not in shown({"command": ["mysqldump"], "args": words})
    for words in (["-u", "app", "-port", "80"], ["-p", "8080:80", "-u", "app"], ["-p8080:80", "-u", "1:1"]):
        assert "***" not in shown({"args": words})


@pytest.mark.parametrize(
    "line",
    """
docker run -p 8080:80 -u 1000:1000 app
docker run -p8080:80 --user 1000:1000 app
docker run --user app:staff image
podman run -u app:staff image
chown -R app:staff /data
nc -port 80
app -port 80 --profile prod -path /x
ssh -p 2222 ana@host
psql -U ana -p 5432 -h db
mysql -u root -P 3306 -h db
mysqld --port=3306 --pid-file=/x
mkdir -p data/logs
mysql -u root -p main
cp -p a b
curl -u ana https://example.com
curl -X POST -w plain-format https://example.com
tar -P -xf a.tar
kubectl get pods -w
docker compose -p project up
redis-server --port 6379
ps -p 1234
""".strip().splitlines(),
)
def test_other_options_of_these_letters_are_shown(line: str) -> None:
    assert masked(line) == line
    assert "***" not in shown(line.split())
