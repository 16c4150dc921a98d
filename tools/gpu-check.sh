#!/bin/sh
# Checks the project on a machine with an NVIDIA GPU that reaches no network: packs a bundle on another machine, receives it piece by piece, and
# runs every check, each within its own time. docs/performance.md says how to use it.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
place=${GPU_CHECK_FOLDER:-/tmp/gpu-check}

usage() {
  cat <<'TEXT'
Usage: tools/gpu-check.sh pack DIR [--device cpu|gpu] [--architecture N] [--piece-bytes N]
       tools/gpu-check.sh receive PIECE
       tools/gpu-check.sh run [--small] [--limit SECONDS] [--only STAGE,…]

  pack      makes a bundle in DIR, in pieces, and prints the commands for the other machine
            --device         TensorFlow's build; cpu takes the one in .venv (default gpu)
            --architecture   compute capability of the GPU times 10 (default 90: H100, H200)
            --piece-bytes    largest piece (default 41000000)
  receive   unpacks one piece in $GPU_CHECK_FOLDER (default /tmp/gpu-check)
  run       runs the checks; results go to $OUT, or to .build/gpu-check
            --small          small sizes, for a machine without a GPU
            --limit          seconds for everything (default 480)
            --only           some of the stages
TEXT
}

case "${1:-}" in
  pack)
    shift
    exec node "$root/tools/gpu-check/pack.mjs" "$@"
    ;;
  receive)
    [ $# -eq 2 ] || { usage >&2; exit 2; }
    exec python3 "$root/tools/gpu-check/pieces.py" receive "$2" "$place/parts"
    ;;
  run)
    shift
    project=$place/project
    if [ ! -e "$project/bin/node" ]; then
      python3 "$root/tools/gpu-check/pieces.py" join "$place/parts" "$project.tmp"
      mv "$project.tmp" "$project"
    fi
    # The tools are this checkout's, so that a bundle needn't be made again when they change.
    rm -rf "$project/tools"
    cp -r "$root/tools" "$project/tools"
    cp "$root/package.json" "$root/environment.yml" "$project/"
    ln -sfn "$root/checkpoints" "$project/checkpoints"
    OUT=${OUT:-$root/.build/gpu-check} exec "$project/bin/node" "$project/tools/gpu-check/run.mjs" "$@"
    ;;
  *)
    usage >&2
    exit 2
    ;;
esac
