#!/usr/bin/env bash
# Makes report.png: runs the demo (or takes its folder) and has headless Chromium take a picture of the report's first screen.
#   docs/img/make.sh [DEMO_OUTPUT]
set -euo pipefail
cd "$(dirname "$0")/../.."
demo=${1:-}
if [ -z "$demo" ]; then
    demo=$(mktemp -d)
    dotnet run -c Release --project src/FinIntent.Cli -- demo --output "$demo"
fi
profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT
chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
    --disable-component-update --disable-sync --hide-scrollbars --user-data-dir="$profile" \
    --window-size=1120,720 --screenshot="$PWD/docs/img/report.png" "file://$(realpath "$demo")/report_service/report.html" 2>/dev/null
