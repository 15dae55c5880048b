#!/usr/bin/env bash
# Walks the three doors of the README as somebody does who has just cloned the
# repository: what is run is what stands on the pages, in the order in which it
# stands there. It needs Go, git and bash; what wants a Redis is left out, and
# said so, where neither OUTREACH_REDIS nor redis-server is there.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
place=$(mktemp -d)
redis_pid=
finish() {
  [ -z "$redis_pid" ] || kill "$redis_pid" 2>/dev/null || true
  rm -rf "$place"
}
trap finish EXIT

git clone --quiet "$top" "$place/outreach"
cd "$place/outreach"
[ -z "$(git -C "$top" status --porcelain)" ] || echo "note: walked is the last commit, without what has changed since"
export GOBIN="$place/bin" PATH="$place/bin:$PATH" OUTREACH_LISTEN=off

# commands prints the commands of one section of a page, or of the whole page.
commands() {
  awk -v want="${2:+## $2}" '
    !code && /^## / { here = $0 }
    /^```sh$/ { code = 1; next }
    /^```$/ { code = 0 }
    code && (want == "" || here == want) { sub(/[ \t]+#.*/, ""); if ($0 != "") print }' "$1"
}

# find_redis gives the address of a Redis, of its own where one can be started.
find_redis() {
  redis=${OUTREACH_REDIS:-}
  if [ -z "$redis" ] && command -v redis-server >/dev/null; then
    local port=$((20000 + RANDOM % 20000))
    redis-server --port "$port" --bind 127.0.0.1 --save '' --maxmemory-policy noeviction --dir "$place" >/dev/null &
    redis_pid=$!
    for _ in $(seq 100); do
      (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
      sleep 0.1
    done
    redis=redis://127.0.0.1:$port/0
  fi
}

# serve starts a command, lets it work for a while, and asks it to stop: it has
# to end well.
serve() {
  "$@" &
  local pid=$!
  sleep 4
  kill -TERM "$pid"
  wait "$pid"
}

# walk runs the commands of a section and fails with the first that fails.
walk() {
  local list
  list=$(commands "$@")
  [ -n "$list" ] || { echo "no command on ${1} ${2:-}"; exit 1; }
  while IFS= read -r line <&3; do
    printf '\n$ %s\n' "$line"
    case $line in
      'export OUTREACH_REDIS='*) [ -z "$redis" ] || export OUTREACH_REDIS="$redis" ;;
      'outreach-worker doctor' | 'outreach-worker run')
        if [ -z "$redis" ]; then
          echo "skipped: there is no Redis"
        elif [ "$line" = 'outreach-worker run' ]; then
          serve $line
        else
          $line
        fi ;;
      *) eval "$line" ;;
    esac
  done 3<<<"$list"
}

find_redis
walk README.md "Embed it"
printf '\n-- embed: done\n'
walk README.md "Run the workers"
walk workers/cmd/outreach-worker/README.md
printf '\n-- run: done%s\n' "$([ -n "$redis" ] || echo ', but for what wants a Redis')"
walk README.md "Extend it"
printf '\n-- extend: done, after %d seconds in all\n' "$SECONDS"
