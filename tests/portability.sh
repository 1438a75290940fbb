#!/usr/bin/env bash
# The same numbers and pictures on processors that this machine is not: x86-64 without AVX2, and aarch64, both emulated.
#
#   tests/portability.sh target/release/mandel
#
# Needs qemu-user; for aarch64 also the Rust target aarch64-unknown-linux-gnu and its linker. What is missing is skipped with a message.
set -euo pipefail
program=$(realpath "${1:?the program, as in target/release/mandel}")
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Hashes of counts, smooth counts, distances and pictures: shallow, deep, beyond the range of double precision, lit, turned, a strip.
hashes() {
    local run=("$@") name=0
    while read -r options; do
        name=$((name + 1))
        # shellcheck disable=SC2086 # options are words
        "${run[@]}" render $options -q -f --no-metadata --no-sync -o "$folder/$name.png" -o "$folder/$name.npz" </dev/null
        sha256sum <"$folder/$name.png"
        sha256sum <"$folder/$name.npz"
    done <<'VIEWS'
-s 160x90
--at seahorse -s 96x54 --light 135 --rotate 30
--at mini -s 64x36 --interior distance --values distance
--at twins -s 48x27
--at leaves -s 48x27 --light 135
--at dendrite -s 32x18
-c -2 -z 1e200 -s 9x9 -n 100 --supersample 1
--projection exponential --at seahorse -s 48x200 --supersample 1
VIEWS
}

hashes "$program" >"$folder/here"
compare() {
    if diff -q "$folder/here" "$folder/there" >/dev/null; then
        echo "$1: $(wc -l <"$folder/here") hashes, all equal"
    else
        echo "$1: hashes differ"
        diff "$folder/here" "$folder/there" || true
        exit 1
    fi
}

if command -v qemu-x86_64 >/dev/null && [ "$(uname -m)" = x86_64 ]; then
    hashes qemu-x86_64 -cpu Nehalem "$program" >"$folder/there"
    compare "x86-64 without AVX2"
else
    echo "skipped: x86-64 without AVX2, because there is no qemu-x86_64"
fi

target=aarch64-unknown-linux-gnu
sysroot=$(rustc --print sysroot)
if command -v qemu-aarch64 >/dev/null && [ -d "$sysroot/lib/rustlib/$target" ] && command -v aarch64-linux-gnu-gcc >/dev/null; then
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"
    cargo build --release --target "$target"
    hashes qemu-aarch64 -L /usr/aarch64-linux-gnu "target/$target/release/mandel" >"$folder/there"
    compare "aarch64"
    # Counts that are known from elsewhere.
    cargo test --release --target "$target" --test counts
else
    echo "skipped: aarch64, because there is no qemu-aarch64, no Rust target $target, or no aarch64-linux-gnu-gcc"
fi
