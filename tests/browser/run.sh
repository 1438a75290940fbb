#!/usr/bin/env bash
# Opens the pages of posters in headless Chromium. Takes the program, and a folder for screenshots if they are to be kept.
# Needs node, Chromium, and playwright-core ('npm install' in this folder); says so where one is missing.
set -euo pipefail
here=$(cd -- "$(dirname -- "$0")" >/dev/null && pwd)
chromium=$(command -v chromium || command -v chromium-browser || true)

if ! command -v node >/dev/null || [ -z "$chromium" ]; then
    echo "skipped: the browser test, because node or chromium is not installed"
elif [ ! -d "$here/node_modules/playwright-core" ]; then
    echo "skipped: the browser test, because playwright-core is not installed; run 'npm install' in tests/browser"
else
    node "$here/poster.mjs" "$1" "$chromium" "${2:-}"
fi
