#!/usr/bin/env bash
# Walks the three doors of the README as somebody does who has just cloned the
# repository: what is run is what stands on the pages, in the order in which it
# stands there. It needs Go, git and bash.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

git clone --quiet "$top" "$place/outreach"
cd "$place/outreach"
[ -z "$(git -C "$top" status --porcelain)" ] || echo "note: walked is the last commit, without what has changed since"
export OUTREACH_LISTEN=off # another worker may be at work on this machine

# commands prints the commands of one section of a page, or of the whole page.
commands() {
  awk -v want="${2:+## $2}" '
    !code && /^## / { here = $0 }
    /^```sh$/ { code = 1; next }
    /^```$/ { code = 0 }
    code && (want == "" || here == want) { sub(/[ \t]+#.*/, ""); if ($0 != "") print }' "$1"
}

# serve starts a command, lets it work for a while, and asks it to stop: it has
# to end well.
serve() {
  "$@" 2>"$place/log" &
  local pid=$!
  for _ in $(seq 600); do
    grep -q '"delivering"' "$place/log" && break
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  sleep 2
  kill -TERM "$pid" 2>/dev/null || true
  local end=0
  wait "$pid" || end=$?
  cat "$place/log"
  grep -q '"delivering"' "$place/log" && return "$end"
}

# walk runs the commands of a section and fails with the first that fails.
walk() {
  local list
  list=$(commands "$@")
  [ -n "$list" ] || { echo "no command on ${1} ${2:-}"; exit 1; }
  while IFS= read -r line <&3; do
    printf '\n$ %s\n' "$line"
    case $line in
      'outreach-worker run') serve $line ;;
      *) eval "$line" ;;
    esac
  done 3<<<"$list"
}

# door says how long one took: each promises ten minutes.
began=0
door() {
  printf '\n-- %s: done after %d seconds\n' "$1" $((SECONDS - began))
  [ $((SECONDS - began)) -lt 600 ] || { echo "that is more than ten minutes"; exit 1; }
  began=$SECONDS
}

walk README.md "Embed it"
door embed
walk README.md "Run the workers"
walk workers/cmd/outreach-worker/README.md
door run
walk README.md "Extend it"
door extend
