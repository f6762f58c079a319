#!/usr/bin/env python3
"""Seconds from command to answer, and peak memory of the process, on the example document; model pulled before.

usage: bench/ask/run.py QIAO [ROUNDS]      QIAO is the built program, for example target/release/qiao
Prints the median of ROUNDS (5) runs: a new knowledge base each time ("new"), then the same one again ("indexed").
"""
import os
import statistics
import subprocess
import sys
import tempfile
import time

DOCUMENTS = [("examples/bridge-en.pdf", "Why do one-hot codes not scale?"), ("examples/bridge-zh.pdf", "独热编码为什么难以扩展？")]


def run(command):
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{command} ended with {status}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    rounds = int(sys.argv[2]) if len(sys.argv) == 3 else 5
    for document, question in DOCUMENTS:
        new, indexed = [], []
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as folder:
                command = [sys.argv[1], "--kb", os.path.join(folder, "kb.qiao"), "ask", question, document]
                new.append(run(command))
                indexed.append(run(command))
        for name, runs in (("new", new), ("indexed", indexed)):
            seconds, mebibytes = (statistics.median(column) for column in zip(*runs))
            print(f"{document} {name}: {seconds:.2f} s, {mebibytes:.0f} MiB")


if __name__ == "__main__":
    main()
