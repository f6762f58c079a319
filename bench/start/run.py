#!/usr/bin/env python3
"""Milliseconds from the start of the process to the first vector, the first time and later; beside Python's tokenizers.

usage: bench/start/run.py QIAO [ROUNDS]      QIAO is the built program; the models must be pulled
"first": nothing derived from the model's files is kept yet; "later": the first start has left it in the cache. Python, where
its package `tokenizers` is there, loads tokenizer.json alone, which qiao's first start does too. Medians of ROUNDS (9).
"""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

MODELS = ["multilingual-e5-small-q4", "all-MiniLM-L6-v2"]
PEER = """
import sys, time
from tokenizers import Tokenizer
start = time.perf_counter()
Tokenizer.from_file(sys.argv[1])
print((time.perf_counter() - start) * 1000)
"""


def cache():
    own = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.environ.get("QIAO_CACHE") or os.path.join(own, "qiao")


def start(qiao, model, folder):
    command = [qiao, "--kb", os.path.join(folder, "none.qiao"), "--model", model, "--quiet", "embed", "a bridge"]
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "QIAO_CACHE": folder})
    return (time.perf_counter() - begun) * 1000


def peer(path):
    ran = subprocess.run([sys.executable, "-c", PEER, path], capture_output=True, text=True)
    return float(ran.stdout) if ran.returncode == 0 else None


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    rounds = int(sys.argv[2]) if len(sys.argv) == 3 else 9
    with tempfile.TemporaryDirectory() as folder:
        models = os.path.join(cache(), "models")
        os.symlink(models, os.path.join(folder, "models"))
        for model in MODELS:
            first, later, peers = [], [], []
            for _ in range(rounds):
                shutil.rmtree(os.path.join(folder, "derived"), ignore_errors=True)
                first.append(start(sys.argv[1], model, folder))
                later.append(start(sys.argv[1], model, folder))
                peers.append(peer(os.path.join(models, model, "tokenizer.json")))
            median = statistics.median
            line = f"{model}: first {median(first):.0f} ms, later {median(later):.0f} ms, ratio {median(first) / median(later):.1f}"
            if None not in peers:
                line += f"; Python's tokenizers alone {median(peers):.0f} ms"
            print(line)


if __name__ == "__main__":
    main()
