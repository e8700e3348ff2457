#!/bin/sh
# A repository with nothing but the hook and CI: no project file, no store, no schema.
#
#     sh examples/hook_and_ci/run.sh
#
# Needs: pip install confguard-safety pre-commit; git. What to copy into a repository of yours: .pre-commit-config.yaml,
# and .github/workflows/confguard.yml or .gitlab-ci.yml. What CI runs is at the end.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -R "$here/." "$work"
cd "$work"
rm run.sh
export GIT_AUTHOR_NAME=Ana GIT_AUTHOR_EMAIL=ana@example.com GIT_COMMITTER_NAME=Ana GIT_COMMITTER_EMAIL=ana@example.com

run() { printf '\n$ %s\n' "$*"; "$@"; }
refused() { # COMMAND...: must end with 1
    found=0
    run "$@" || found=$?
    test "$found" -eq 1 || { echo "ended with $found, not 1"; exit 1; }
}

run git init --quiet --initial-branch main
run pre-commit install
run git add .
run git commit --quiet -m "a first version"

echo "A change that takes the service down is refused before it is a commit:"
run git checkout --quiet -b fewer
sed 's/replicas: 3/replicas: 0/' "$here/web.yaml" > web.yaml
refused git commit --quiet -am "save memory"

echo "Whoever goes around the hook meets CI, which judges the branch by the same rules:"
run git commit --quiet --no-verify -am "save memory"
refused confguard assess --git main..HEAD --fail-on block

echo "A step is taken:"
run git reset --quiet --hard main
sed 's/replicas: 3/replicas: 4/' "$here/web.yaml" > web.yaml
run git commit --quiet -am "room for the campaign"
run confguard assess --git main..HEAD --fail-on block
