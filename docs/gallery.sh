#!/usr/bin/env bash
# Makes the pictures of docs/gallery.md, one for each scene in docs/gallery. Pictures that are there are replaced.
# Needs the Rust toolchain, or a built mandel whose path is in MANDEL.
set -euo pipefail
docs=$(cd -- "$(dirname -- "$0")" >/dev/null && pwd)

if [ -n "${MANDEL:-}" ]; then
    mandel=("$MANDEL")
else
    mandel=(cargo run --release --quiet --manifest-path "$docs/../Cargo.toml" --)
fi

for scene in "$docs"/gallery/*.toml; do
    "${mandel[@]}" render --scene "$scene" -s 384x216 --supersample 4 --compression best -o "${scene%.toml}.png" --force --quiet
done
