#!/usr/bin/env bash
# Starts a Slurm cluster of two nodes on this machine, runs a command that submits jobs, waits until the queue is empty, tells each job's end,
# and stops the cluster. Needs root and Debian's slurmctld, slurmd, slurm-client and munge; nothing outside FOLDER is changed.
#   test/deploy/slurm.sh FOLDER COMMAND …
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=$(realpath "$1")
shift
mkdir -p "$folder/state"
port=$((20000 + $$ % 20000))
sed -e "s|@HOST@|$(hostname)|; s|@FOLDER@|$folder|; s|@PORT@|$port|; s|@PORT1@|$((port + 1))|; s|@PORT2@|$((port + 2))|" \
    "$here/slurm.conf" >"$folder/slurm.conf"
export SLURM_CONF=$folder/slurm.conf

started=()
trap '[ ${#started[@]} -eq 0 ] || { kill "${started[@]}" 2>/dev/null; wait; } || true' EXIT
start() {
    "$@" >"$folder/$1.$((${#started[@]})).log" 2>&1 &
    started+=($!)
}
until_true() {
    for _ in $(seq 300); do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep 0.1
    done
    echo "waited 30 s in vain for: $*" >&2
    tail -n 5 "$folder"/*.log >&2
    exit 1
}
nodes_are_idle() { [ "$(sinfo -h -N -t idle -o %N | wc -l)" -eq 2 ]; }

(umask 077 && head -c 1024 /dev/urandom >"$folder/munge.key")
start munged --foreground --force --key-file="$folder/munge.key" --socket="$folder/munge.socket" --pid-file="$folder/munge.pid" \
    --log-file="$folder/munge.log" --seed-file="$folder/munge.seed"
until_true test -S "$folder/munge.socket"
start slurmctld -D -f "$SLURM_CONF"
start slurmd -D -N n1 -f "$SLURM_CONF"
start slurmd -D -N n2 -f "$SLURM_CONF"
until_true nodes_are_idle

"$@"
until [ -z "$(squeue -h)" ]; do sleep 0.2; done
scontrol -o show jobs | awk '{
    line = ""
    for (i = 1; i <= NF; i++) if ($i ~ /^(JobName|ArrayTaskId|JobState|Restarts|ExitCode)=/) line = line " " $i
    print substr(line, 2)
}' | sort
