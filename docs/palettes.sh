#!/usr/bin/env bash
# Makes the pictures of docs/palettes.md, one for each built-in palette. Pictures that are there are replaced.
# Needs the Rust toolchain, or a built mandel whose path is in MANDEL.
set -euo pipefail
docs=$(cd -- "$(dirname -- "$0")" >/dev/null && pwd)

if [ -n "${MANDEL:-}" ]; then
    mandel=("$MANDEL")
else
    mandel=(cargo run --release --quiet --manifest-path "$docs/../Cargo.toml" --)
fi

# First the whole list, so that a failure of the program ends the script.
names=$("${mandel[@]}" palettes)
mkdir -p "$docs/palettes"
for name in $names; do
    "${mandel[@]}" render -c -0.74366+0.13165i -z 2600 -n 4000 -s 288x81 --supersample 4 --compression best \
        -p "$name" -o "$docs/palettes/$name.png" --force --quiet
done
