#!/usr/bin/env bash
# Fills fuzz/corpus/TARGET with good inputs: files of the repository, and small ones that the program makes.
# Usage: fuzz/seeds.sh [PROGRAM]
set -euo pipefail
mandel=$(realpath "${1:-target/release/mandel}")
cd "$(dirname "$0")/.."

into() {
    mkdir -p "fuzz/corpus/$1"
    cp "${@:2}" "fuzz/corpus/$1/"
}

made=$(mktemp -d)
trap 'rm -r "$made"' EXIT
"$mandel" render --at mini -s 9x5 -n 60 --supersample 1 --values distance -q -o "$made/a.npz" -o "$made/a.exr" -o "$made/a.png" -o "$made/a.jpg" \
    -o "$made/a.qoi" -o "$made/a.webp"
"$mandel" render --at mini -s 9x5 -n 60 --supersample 1 -q -o "$made/a.npy"
"$mandel" render --at mini -s 9x5 -n 60 --dry-run -q > "$made/a.toml"
(cd "$made" && "$mandel" plan --at mini -s 24x16 -n 50 --supersample 1 --shards 1 -q -o job.json)
for number in -0.75+0.1i -0.75,0.1 1e30 2^100 1,000,000 'Re = -0.7 Im = 0.1'; do
    printf %s "$number" > "$made/${number//[^0-9a-z]/_}.number"
done

into numbers "$made"/*.number
into scene_text "$made/a.toml" docs/gallery/*.toml
into location tests/data/foreign/*
into palette tests/data/palettes/* "$made"/a.{png,jpg,qoi,webp}
into field "$made"/a.{npy,npz,exr}
into png_text "$made/a.png"
into picture_text "$made"/a.{exr,jpg}
into job "$made/job.json"
printf 'tEXtComment\0a text' > "$made/chunk"
into png_chunk "$made/chunk"
# The shard and the orbit are those of views that the targets fix; their formats are found from an empty file too.
mkdir -p fuzz/corpus/shard fuzz/corpus/orbit
