#!/bin/sh
# Run as often as needed: shards that are complete are not made again.
# On other machines, with job and folder on a shared disk:
#   PARALLEL="--sshlogin 4/one,8/two --workdir $PWD" sh this-script
set -eu
# The exit code is the number of tasks that failed; stitching tells what is missing.
seq 1 @N@ | parallel --quote --jobs "${JOBS:-100%}" --retries 3 \
    mandel render --job @JOB@ --shard '{}/@N@' --out-dir @DIR@ --threads 1 --quiet || true
exec mandel stitch @JOB@ @DIR@ --force --output @PICTURE@
