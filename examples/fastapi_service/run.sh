#!/bin/sh
# A FastAPI service takes its settings live, and bad ones are reverted by themselves:
#
#     sh examples/fastapi_service/run.sh
#
# Needs: pip install confguard-safety fastapi uvicorn; curl. PORT=8001 takes another port than 8000.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
port=${PORT:-8000}
work=$(mktemp -d)
service=
trap 'test -z "$service" || kill "$service"; rm -rf "$work"' EXIT
cp "$here"/*.py "$here"/*.toml "$work"
cd "$work"
sed "s/:8000/:$port/" "$here/confguard.toml" > confguard.toml

run() { printf '\n$ %s\n' "$*"; "$@"; }
ends_with() { # CODE COMMAND...: runs it, and is content with that exit code only
    code=$1
    shift
    found=0
    run "$@" || found=$?
    test "$found" -eq "$code" || { echo "ended with $found, not $code"; exit 1; }
}
ask() { run curl -fsS --noproxy '*' --retry 30 --retry-connrefused --retry-delay 1 "http://127.0.0.1:$port/$1"; echo; }

echo "What is there becomes the first revision; the service starts with it."
run confguard apply shop --reason "as it is"
python -m uvicorn app:app --port "$port" --log-level warning &
service=$!
ask "search?q=lamp"

echo "A change is judged, applied, watched by /healthz, and in force without a restart."
sed 's/results = 20/results = 25/' "$here/shop.toml" > shop.toml
run confguard apply shop --reason "customers scroll further" --bake 2s
ask "search?q=lamp"

echo "A change for speed needs a review, and has none..."
printf 'results = 25\nbackend_timeout = "20ms"\n' > shop.toml
ends_with 1 confguard apply shop --reason "faster pages for the campaign"

echo "... and forced all the same, it is reverted by itself: /healthz fails with it."
ends_with 4 confguard apply shop --reason "faster pages for the campaign" --override "it starts today" --bake 30s
ask "search?q=lamp"
ask settings
run confguard log shop
