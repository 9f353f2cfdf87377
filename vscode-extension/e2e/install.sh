#!/usr/bin/env bash
# What the end-to-end tests need: a browser; code-server and a debugger in node_modules. Quick when it is all there.
# `make e2e` calls it, with the Python to be debugged as PIVOT_PYTHON.
set -euo pipefail
cd "$(dirname "$0")"

PACKAGES=(chromium-headless-shell fonts-dejavu-core)
CODE=node_modules/code-server/lib/vscode
# A tree that an earlier attempt left half made must not pass for a whole one.
STAMP=node_modules/.complete

have_browser() {
  command -v chromium-headless-shell chromium chromium-browser google-chrome >/dev/null 2>&1
}

if ! have_browser; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${PACKAGES[@]}" >/dev/null
  else
    echo "The end-to-end tests need headless Chromium: apt-get install ${PACKAGES[*]} (as root)" >&2
    exit 1
  fi
fi

FIXED=(package-lock.json requirements.txt native/spdlog.js)
if ! cat "${FIXED[@]}" | cmp -s - "$STAMP"; then
  command -v npm >/dev/null || {
    echo "The end-to-end tests need npm, which comes with Node.js 20 or newer." >&2
    exit 1
  }
  # Nothing is compiled, so nothing needs a compiler: what code-server would build is not used here.
  quietly=(--ignore-scripts --no-audit --no-fund --loglevel=error)
  npm ci "${quietly[@]}"
  # Its own lock file doesn't fit its package.json, so that `npm ci` refuses it.
  (cd "$CODE" && npm install --omit=dev "${quietly[@]}")
  "$PIVOT_PYTHON" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
    --target node_modules/.python -r requirements.txt
  cp native/spdlog.js "$CODE/node_modules/@vscode/spdlog/index.js"
  cat "${FIXED[@]}" >"$STAMP"
fi
