#!/usr/bin/env bash
# The browser tests drive a Chromium from the PATH. Install Debian's where that is possible.
set -euo pipefail

if command -v chromium >/dev/null; then
    exit 0
fi
install=(apt-get install --yes --no-install-recommends chromium)
if ! command -v apt-get >/dev/null; then
    :
elif [ "$(id -u)" -eq 0 ]; then
    apt-get update && "${install[@]}"
elif command -v sudo >/dev/null && sudo --non-interactive true 2>/dev/null; then
    sudo apt-get update && sudo "${install[@]}"
fi
if ! command -v chromium >/dev/null; then
    echo "The browser tests need 'chromium' on the PATH: sudo apt-get install chromium" >&2
    exit 1
fi
