# Sourced by the other scripts: where things are, and how to speak.
# shellcheck shell=bash disable=SC2034

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# With GIRIH_IGNORE_CUDA_TOOLKIT=1, as if no toolkit were installed, all of CUDA comes
# from PyPI, in folders of its own: a tree that uses a toolkit stays as it is.
suffix=${GIRIH_IGNORE_CUDA_TOOLKIT:+-wheels}
build=$root/build$suffix
venv=$root/.venv$suffix

say() { printf -- '-- %s\n' "$*"; }
fail() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# The folder of pip's packages in the project's own environment, if there is one.
site_packages() {
  local folder
  for folder in "$venv"/lib/python3*/site-packages; do
    if [[ -d $folder ]]; then
      printf '%s\n' "$folder"
      return
    fi
  done
}

# The CUDA toolkit to use, or nothing: the one that is asked for, the usual place,
# the one on PATH, last the one that `setup` took from PyPI.
cuda_root() {
  local candidate candidates=()
  if [[ -z ${GIRIH_IGNORE_CUDA_TOOLKIT:-} ]]; then
    candidates=("${CUDA_ROOT:-}" "${CUDA_HOME:-}" "${CUDA_PATH:-}" /usr/local/cuda
      "$(dirname "$(dirname "$(command -v ptxas || true)")")")
  fi
  for candidate in "${candidates[@]}" "$(site_packages)/nvidia/cu13"; do
    if [[ -x $candidate/bin/ptxas ]]; then
      printf '%s\n' "$candidate"
      return
    fi
  done
}

# Tools that run ptxas find it there.
export_cuda_root() {
  CUDA_ROOT=$(cuda_root)
  [[ -n $CUDA_ROOT ]] || fail "no ptxas: run scripts/setup"
  export CUDA_ROOT
}

# Runs one command for each argument at the same time: `beside COMMAND ARGUMENT...`. What
# takes one core for long, or waits for a network, leaves the others to the rest. What each
# says comes when it has ended.
beside() {
  local command=$1 argument pids=() logs index outcome=0
  logs=$(mktemp -d)
  for argument in "${@:2}"; do
    "$command" "$argument" </dev/null >"$logs/${#pids[@]}" 2>&1 &
    pids+=($!)
  done
  for index in "${!pids[@]}"; do
    wait "${pids[index]}" || outcome=1
    cat "$logs/$index"
  done
  rm -r "$logs"
  return "$outcome"
}

has_gpu() { command -v nvidia-smi >/dev/null && nvidia-smi -L 2>/dev/null | grep -q '^GPU'; }
