#!/bin/sh
# Measures when to refuse, and fits the coefficients in crates/model/src/registry.rs.
# usage: bench/refusal/run.sh SHARED_DATA [QUESTIONS]     (SHARED_DATA holds retrieval/xquad.*.json; about ten minutes)
set -eu
data=$1/retrieval
count=${2:-150}
out=${OUT:-$(mktemp -d)}
mkdir -p "$out"
here=$(dirname "$0")
# the whole workspace, so that no dependency is built twice
cargo build --quiet --workspace --examples --tests
program=${CARGO_TARGET_DIR:-target}/debug/examples/relevance
# MODEL SET PASSAGES QUESTIONS [TOGETHER]
ask() {
    model=$1 set=$2 passages=$data/$3.json questions=$data/$4.json
    shift 4
    "$program" "$model" "$passages" "$questions" "$count" "$@" >"$out/$model.$set.jsonl"
}
ask multilingual-e5-small-q4 en xquad.en xquad.en
ask multilingual-e5-small-q4 zh xquad.zh xquad.zh
ask multilingual-e5-small-q4 zh-asks-en xquad.en xquad.zh
ask multilingual-e5-small-q4 en-asks-zh xquad.zh xquad.en
ask multilingual-e5-small-q4 cmrc cmrc2018_trial cmrc2018_trial 5
ask all-MiniLM-L6-v2 en xquad.en xquad.en
python3 "$here/fit.py" "$out"/*.jsonl
