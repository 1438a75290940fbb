#!/usr/bin/env bash
# Many small renders into one folder, several at a time, some of them killed: each file is whole or not there, and the next run
# leaves no temporary files.
#
#   tests/load.sh PROGRAM [RENDERS [AT_A_TIME [KILLED_PERCENT]]]      1000 renders, 8 at a time, 30 % killed
#
# Prints what it found; ends with 1 if a file is torn or something is left.
set -euo pipefail
program=$(realpath "${1:?name the program}")
renders=${2:-1000} at_a_time=${3:-8} percent=${4:-30}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/out" "$folder/whole"

# Twenty different pictures.
words() { echo "render -q -t 1 -s 200x120 -n $((100 + $1 % 20))"; }

# Renders number $1, and kills it after a time at random if chance says so. Only the process started here is killed.
render() {
    "$program" $(words "$1") -o "$folder/out/$1.png" &
    local pid=$! dead=0
    if [ $((RANDOM % 100)) -lt "$percent" ]; then
        sleep "0.0$((RANDOM % 60 + 10))"
        kill -KILL "$pid" 2>/dev/null || true
    fi
    wait "$pid" 2>/dev/null || dead=$?
    case $dead in
        0) echo done ;;
        137) echo killed ;;
        *) echo "failed with $dead" ;;
    esac >>"$folder/ends"
}

for ((number = 0; number < renders; number++)); do
    while [ "$(jobs -rp | wc -l)" -ge "$at_a_time" ]; do wait -n || true; done
    RANDOM=$number render "$number" &
done
wait
sort "$folder/ends" | uniq -c

left=$(find "$folder/out" -name '.mandel-*' | wc -l)
for ((number = 0; number < 20; number++)); do
    "$program" $(words "$number") -o "$folder/whole/$number.png"
done
torn=0 whole=0
for file in "$folder"/out/*.png; do
    number=$(basename "$file" .png)
    if cmp -s "$file" "$folder/whole/$((number % 20)).png"; then whole=$((whole + 1)); else torn=$((torn + 1)); fi
done
"$program" $(words 0) -o "$folder/out/next.png"
after=$(find "$folder/out" -name '.mandel-*' | wc -l)
failed=$(grep -c failed "$folder/ends" || true)
echo "$whole whole files, $torn torn, $left temporary files left by the killed, $after after the next run, $failed failed"
done=$(grep -c done "$folder/ends" || true)
[ "$whole" -ge "$done" ] && [ "$torn" = 0 ] && [ "$after" = 0 ] && [ "$failed" = 0 ]
