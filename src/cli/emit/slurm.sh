#!/bin/bash
# Run with bash, in a folder that all nodes share. Each task makes one shard; what a node that dies leaves undone is made
# again, since Slurm requeues its tasks. After a failure, run only what is missing:
#   sbatch --array=$(mandel stitch @JOB@ @DIR@ --missing --format array) ...
set -euo pipefail
array=$(sbatch --parsable --job-name=mandel --array=1-@N@ --cpus-per-task="${CPUS:-1}" --requeue <<'TASK'
#!/bin/bash
exec mandel render --job @JOB@ --shard env --out-dir @DIR@ --threads "${SLURM_CPUS_PER_TASK:-1}"
TASK
)
echo "array $array"
sbatch --job-name=mandel-stitch --dependency="afterok:$array" --cpus-per-task=1 <<'TASK'
#!/bin/bash
exec mandel stitch @JOB@ @DIR@ --force --output @PICTURE@
TASK
