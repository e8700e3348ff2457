#!/bin/sh
# A FastAPI service takes its settings live, its canary first, and bad ones are reverted by themselves:
#
#     sh examples/fastapi_service/run.sh
#
# Needs: pip install confguard-safety fastapi uvicorn; curl. PORT=9000 takes that port and 9001, not 8000 and 8001.
set -eu
python -c "import fastapi, uvicorn" 2> /dev/null || { echo "needs: pip install fastapi uvicorn" >&2; exit 2; }
command -v curl > /dev/null || { echo "needs curl" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
port=${PORT:-8000}
canary=$((port + 1))
work=$(mktemp -d)
services=
trap 'test -z "$services" || kill $services; rm -rf "$work"' EXIT
cp "$here"/*.py "$here"/*.toml "$work"
cd "$work"
sed "s/:8001/:$canary/" "$here/confguard.toml" > confguard.toml

run() { printf '\n$ %s\n' "$*"; "$@"; }
ends_with() { # CODE COMMAND...: runs it, and is content with that exit code only
    code=$1
    shift
    found=0
    run "$@" || found=$?
    test "$found" -eq "$code" || { echo "ended with $found, not $code"; exit 1; }
}
ask() { run curl -fsS --noproxy '*' --retry 30 --retry-connrefused --retry-delay 1 "http://127.0.0.1:$1/$2"; echo; }

echo "What is there becomes the first revision; two instances start with it, one of them the canary."
run confguard apply shop --reason "as it is"
CONFGUARD_INSTANCE=shop-1 python -m uvicorn app:app --port "$port" --log-level warning &
services=$!
CONFGUARD_INSTANCE=shop-2 CONFGUARD_GROUPS=canary python -m uvicorn app:app --port "$canary" --log-level warning &
services="$services $!"
ask "$port" "search?q=lamp"
ask "$canary" "search?q=lamp"

echo "A change is judged, comes to the canary, is watched there by /healthz, and then comes to all: without a restart."
sed 's/results = 20/results = 25/' "$here/shop.toml" > shop.toml
run confguard apply shop --reason "customers scroll further"
ask "$port" "search?q=lamp"

echo "A change for speed needs a review, and has none..."
printf 'results = 25\nbackend_timeout = "20ms"\n' > shop.toml
ends_with 1 confguard apply shop --reason "faster pages for the campaign"

echo "... and forced all the same, it is reverted by itself: /healthz of the canary fails with it. The other never ran it."
ends_with 4 confguard apply shop --reason "faster pages for the campaign" --override "it starts today" --bake 30s
ask "$port" "search?q=lamp"
ask "$canary" settings
run confguard log shop
