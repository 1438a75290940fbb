#!/bin/sh
# Needs a HyperQueue server with workers on a shared disk.
set -eu
hq submit --wait --array 1-@N@ --name mandel --crash-limit 3 --stdout none \
    mandel render --job @JOB@ --shard env --out-dir @DIR@ --threads 1 || true
exec mandel stitch @JOB@ @DIR@ --force --output @PICTURE@
