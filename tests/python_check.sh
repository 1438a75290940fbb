#!/usr/bin/env bash
# The Python package as its users get it: installed by pip into an empty virtual environment, then tested there, as are the formats
# that other libraries read.
# Needs Python 3.9 or later, and a package index that pip can reach.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
skip() {
    echo "skipped: the Python package, because $1"
    exit 0
}
python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null || skip "there is no Python 3.9 or later"
python3 -m venv "$folder/venv" 2>/dev/null || skip "Python cannot make virtual environments"
python="$folder/venv/bin/python"
"$python" -m pip install -q 'numpy>=1.22' 'distributed>=2023.4' 2>"$folder/log" ||
    skip "pip cannot install what it needs: $(grep -m 1 ERROR "$folder/log")"

# What was compiled for other checks need not be compiled again.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"
unset MANDEL
"$python" -m pip install -q '.[dask]'
[ "$("$folder/venv/bin/mandel" --version)" = "mandel $("$python" -c 'import importlib.metadata as m; print(m.version("mandel-render"))')" ]
if ! "$python" -m pip install -q OpenEXR Pillow tifffile imagecodecs 2>"$folder/log"; then
    echo "skipped: EXR and pictures, because pip cannot install OpenEXR, Pillow, tifffile and imagecodecs: $(grep -m 1 ERROR "$folder/log")"
fi
"$python" tests/formats_check.py "$folder/venv/bin/mandel"
cd "$folder"
"$python" -m unittest discover -s "$OLDPWD/tests/python" "$@"
