#!/bin/sh
# Measures when to refuse, and fits the coefficients in crates/model/src/registry.rs.
# usage: bench/answers/fit.sh SHARED_DATA     (SHARED_DATA holds retrieval/xquad.*.json; about half an hour on two cores)
# needs: cargo; python3 with numpy
set -eu
data=$1/retrieval
out=${OUT:-$(mktemp -d)}
mkdir -p "$out"
here=$(dirname "$0")
# the whole workspace, so that no dependency is built twice
cargo build --quiet --release --workspace --bins --example relevance
program=${CARGO_TARGET_DIR:-target}/release/examples/relevance
# MODEL SET PASSAGES QUESTIONS EVERY [--each]
ask() {
    model=$1 set=$2 passages=$data/$3.json questions=$data/$4.json
    shift 4
    "$program" "$model" "$passages" "$questions" "$@" >"$out/$model.$set.jsonl"
}
e5=multilingual-e5-small-q4
ask $e5 en.half xquad.en xquad.en 1
ask $e5 zh.half xquad.zh xquad.zh 1
ask $e5 en.each xquad.en xquad.en 4 --each
ask $e5 zh.each xquad.zh xquad.zh 4 --each
ask $e5 zh-en.half xquad.en xquad.zh 3
ask $e5 en-zh.half xquad.zh xquad.en 3
ask $e5 cmrc.half cmrc2018_trial cmrc2018_trial 2
ask $e5 de.half xquad.de xquad.de 3
ask $e5 es.half xquad.es xquad.es 3
ask all-MiniLM-L6-v2 en.half xquad.en xquad.en 1
ask all-MiniLM-L6-v2 en.each xquad.en xquad.en 4 --each
python3 "$here/fit.py" "$out"/*.jsonl
