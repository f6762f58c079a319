#!/bin/sh
# Measures when to refuse, and fits the coefficients in crates/model/src/registry.rs.
# usage: bench/refusal/run.sh SHARED_DATA [QUESTIONS]     (SHARED_DATA holds retrieval/xquad.*.json; about ten minutes)
set -eu
data=$1/retrieval
count=${2:-300}
out=$(mktemp -d)
ask() { cargo run --quiet -p qiao --example relevance -- "$@"; }
for model in multilingual-e5-small-q4; do
    ask "$model" "$data/xquad.en.json" "$count" >"$out/$model.en.jsonl"
    ask "$model" "$data/xquad.zh.json" "$count" >"$out/$model.zh.jsonl"
    ask "$model" "$data/cmrc2018_trial.json" "$count" 5 >"$out/$model.cmrc.jsonl"
done
ask all-MiniLM-L6-v2 "$data/xquad.en.json" "$count" >"$out/all-MiniLM-L6-v2.en.jsonl"
python3 "$(dirname "$0")/fit.py" "$out"/*.jsonl
