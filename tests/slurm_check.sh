#!/usr/bin/env bash
# A node of a Slurm cluster dies in the middle of the array that `mandel plan --emit slurm` prints: the picture must be, byte for byte,
# that of a single render. The cluster is two nodes on this machine, which listen on 127.0.0.1 and are gone afterwards.
# About three minutes, two of which Slurm waits before it starts a task again; six at most. Needs root, for munged and slurmd, and:
#   apt-get install --no-install-recommends slurmctld slurmd slurm-client munge
#
#   tests/slurm_check.sh [MANDEL]        the program to check; without it, the release build
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin

skip() {
    echo "skipped: the Slurm check, because $1"
    exit 0
}
for program in munged slurmctld slurmd sbatch squeue sinfo scontrol; do
    [ -n "$(type -P "$program")" ] || skip "there is no $program"
done
[ "$(uname)" = Linux ] || skip "it looks for processes in the /proc of Linux"
[ "$(id -u)" = 0 ] || skip "it is not run as root"

if [ $# = 0 ]; then
    cargo build --release --quiet
    set -- "${CARGO_TARGET_DIR:-target}/release/mandel"
fi
bin=$(dirname "$(realpath "$1")")
[ -x "$bin/mandel" ] || { echo "no program called mandel: $1" >&2; exit 2; }
export PATH=$bin:$PATH

# munged wants a folder that only its user can change, all the way up: not /tmp.
run=$(mktemp -d /run/mandel-slurm.XXXXXX)
chmod 755 "$run"
work=$(mktemp -d)
export SLURM_CONF=$run/slurm.conf

# The processes of one node: its slurmd, which is given, and each task with the slurmstepd above it. Tasks have both variables from Slurm.
processes_of() {
    local task
    echo "$2"
    for task in $(tasks_of "$1"); do
        echo "$task" "$(sed -n 's/^PPid:\t*//p' "/proc/$task/status" 2>/dev/null)"
    done
}
tasks_of() {
    local environ
    for environ in $(grep -lzxF "SLURMD_NODENAME=$1" /proc/[0-9]*/environ 2>/dev/null); do
        grep -qzxF "SLURM_CONF=$SLURM_CONF" "$environ" 2>/dev/null && basename "$(dirname "$environ")"
    done || true
}

munged='' slurmctld='' n1='' n2=''
clean_up() {
    local code=$?
    trap - EXIT
    [ $code = 0 ] || tail -n 5 "$run"/*.log "$work"/slurm-*.out >&2 || true
    for pid in ${n1:+$(processes_of n1 "$n1")} ${n2:+$(processes_of n2 "$n2")} $slurmctld $munged; do
        kill -9 "$pid" 2>/dev/null || true
    done
    wait 2>/dev/null
    rm -rf "$run" "$work"
    exit $code
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Seconds count from here.
SECONDS=0
say() { printf '%4d s  %s\n' "$SECONDS" "$*"; }
# Waits until a command succeeds, for so many seconds from now, and till the end of the six minutes.
until_true() {
    local end=$((SECONDS + $1 < 340 ? SECONDS + $1 : 340))
    until eval "$3"; do
        [ "$SECONDS" -lt "$end" ] || { say "gave up waiting until $2" >&2; sinfo >&2 || true; squeue >&2 || true; exit 1; }
        sleep "${4:-0.5}"
    done
}

# --- a cluster of two nodes, each with one processor
port=$((20000 + $$ % 4000 * 3))
host=$(hostname -s)
mkdir "$run/munge" "$run/state"
chmod 755 "$run/munge"
head -c 1024 /dev/urandom >"$run/munge/key"
chmod 400 "$run/munge/key"
cat >"$SLURM_CONF" <<CONF
ClusterName=check
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
SlurmdUser=root
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
AuthType=auth/munge
AuthInfo=socket=$run/munge/sock
CredType=cred/munge
StateSaveLocation=$run/state
SlurmctldPidFile=$run/slurmctld.pid
SlurmdPidFile=$run/slurmd.%n.pid
SlurmdSpoolDir=$run/spool.%n
SlurmctldLogFile=$run/slurmctld.log
SlurmdLogFile=$run/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=2
SlurmdTimeout=10
JobRequeue=1
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 1)) CPUs=1
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 2)) CPUs=1
PartitionName=all Nodes=n1,n2 Default=YES
CONF
munged --foreground --key-file="$run/munge/key" --socket="$run/munge/sock" --pid-file="$run/munge/pid" \
    --seed-file="$run/munge/seed" >"$run/munged.log" 2>&1 &
munged=$!
until_true 10 "munged listens" '[ -S "$run/munge/sock" ]'
slurmctld -D >"$run/slurmctld.out" 2>&1 &
slurmctld=$!
slurmd -D -N n1 >"$run/n1.out" 2>&1 &
n1=$!
slurmd -D -N n2 >"$run/n2.out" 2>&1 &
n2=$!
until_true 30 "both nodes are idle" '[ "$(sinfo -h -N -o %t 2>/dev/null | sort | uniq -c | tr -s " ")" = " 2 idle" ]'
say "$(sinfo --version): $(sinfo -h -N -o '%N %t' | paste -sd, | sed 's/,/, /')"

# --- the array, as it is printed
cd "$work"
view='--at seahorse --size 6144x6144 --max-iter 20000'
mandel plan --quiet $view --shards 24 --output job.json --emit slurm >job.sh
said=$(bash job.sh)
say "job.sh: $(paste -sd, <<<"$said" | sed 's/,/, /')"
array=$(sed -n 's/^array //p' <<<"$said")

# --- the death of a node, at the beginning of a task
shards() { find job.shards -name 'shard-*.mshd' 2>/dev/null | wc -l; }
until_true 90 "six shards are there" '[ "$(shards)" -ge 6 ]'
before=$(tasks_of n2)
until_true 30 "n2 begins another task" 'now=$(tasks_of n2); [ -n "$now" ] && [ "$now" != "$before" ]' 0.05
{ kill -9 $(processes_of n2 "$n2"); wait "$n2"; } 2>/dev/null || true
say "$(shards) of 24 shards are there; slurmd of n2, its slurmstepd and its mandel are killed"
until_true 60 "Slurm has seen it" '[[ "$(sinfo -h -n n2 -o %t)" = down* ]]'
say "Slurm has seen it: $(sinfo -h -N -o '%N %t' | paste -sd, | sed 's/,/, /')"
until_true 120 "the others are done" '[ "$(shards)" = 23 ]'
lost=$(mandel stitch --missing --format array job.json job.shards 2>/dev/null || true)
say "missing: shard $lost, $(squeue -h -o '%i %T %r' -j "${array}_$lost"), next try at $(squeue -h -o %S -j "${array}_$lost")"

# --- a single render, while Slurm waits
mandel render --quiet $view --output single.png
say "single render: $(sha256sum <single.png | cut -c 1-16)"
until_true 340 "task $lost runs again and the pieces are stitched" '[ -e job.png ] && [ -z "$(squeue -h)" ]'
scontrol show job "${array}_$lost" | grep -q 'Restarts=1 ' || { say "no task was started again" >&2; exit 1; }
say "stitched:      $(sha256sum <job.png | cut -c 1-16), after task $lost ran again on $(scontrol show job "${array}_$lost" | sed -n 's/^ *NodeList=//p')"
cmp single.png job.png
say "identical, $(stat -c %s job.png) bytes"
