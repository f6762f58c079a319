#!/usr/bin/env python3
"""Seconds and peak memory of the verbs over a knowledge base of many small documents.

usage: bench/store/many.py QIAO [DOCUMENTS]      QIAO is the built program; all-MiniLM-L6-v2 must be pulled; 100,000 documents
The documents are notes of one chunk each, written into the file beside SQLite as format 3 has them (docs/file-format.md), with
vectors that are made up but of unit length; `qiao verify` holds them to the file's rules before anything is timed.
"""
import hashlib
import json
import os
import random
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time

MODEL = "all-MiniLM-L6-v2"


def vector(i, base):
    numbers = base[:]
    numbers[i % 384] += 3
    numbers[i // 384 % 384] += 2
    length = sum(n * n for n in numbers) ** 0.5
    return struct.pack("<384f", *[n / length for n in numbers])


def fill(kb, documents):
    file = sqlite3.connect(kb)
    space = file.execute("SELECT id FROM space").fetchone()[0]
    random.seed(1)
    base = [random.gauss(0, 1) for _ in range(384)]
    for i in range(1000, 1000 + documents):
        text = f"Note number {i}. The bridge over river {i * 7919 % 10007} carries {i % 97} carts; the toll is {i % 13}."
        sha = hashlib.sha256(text.encode()).hexdigest()
        content = {"media": "text", "title": None, "language": None, "pages": None, "text": text, "sections": [],
                   "furniture": [], "anchors": [{"span": [0, len(text)], "place": {"line": {"line": 1}}}], "unread": []}
        digest = hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()
        file.execute("INSERT INTO content VALUES (?,?,'text',NULL,NULL,NULL,?,?)", (i, sha, text, digest))
        file.execute("INSERT INTO anchor VALUES (?,0,?,NULL,NULL,NULL,NULL,NULL,1)", (i, len(text)))
        file.execute("INSERT INTO document VALUES (?,?,?,?)", (i, f"/notes/{i}.txt", i, 1790000000 + i))
        file.execute("INSERT INTO vector VALUES (?,?,?,?,20,0,0)", (i, space, sha, vector(i, base)))
        file.execute("INSERT INTO chunk VALUES (?,?,?,0,?,20,'[]')", (i, i, i, len(text)))
        file.execute("INSERT INTO ledger VALUES (?,1790000000,?,'added','')", (i, f"/notes/{i}.txt"))
    file.commit()
    file.close()


def main():
    qiao, documents = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        def run(*verb):
            begun = time.perf_counter()
            child = subprocess.Popen([qiao, "--kb", "kb.qiao", "--model", MODEL, "--quiet", *verb], cwd=folder,
                                     stdout=subprocess.DEVNULL)
            _, status, usage = os.wait4(child.pid, 0)
            if status:
                sys.exit(f"qiao {' '.join(verb)}: {status}")
            return time.perf_counter() - begun, usage.ru_maxrss // 1024

        def write(name, text):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)

        write("a.txt", "Otters eat sea urchins.\n")
        write("b.txt", "Bridges are long.\n")
        run("add", "a.txt", "b.txt")
        fill(os.path.join(folder, "kb.qiao"), documents)
        write("a.txt", "Otters float.\n")
        print(f"{documents} documents, {os.path.getsize(os.path.join(folder, 'kb.qiao')) >> 20} MiB")
        for verb in [["verify"], ["list", "--json"], ["list", "--filter", "pages > 3"], ["search", "otters"],
                     ["search", "otters", "--filter", "name ~ 1"], ["remove", "b.txt"], ["add", "a.txt"],
                     ["export", "out.qx"], ["import", "out.qx", "--into", "copy.qiao"],
                     ["import", "out.qx", "--into", "copy.qiao"]]:
            seconds, mebibytes = run(*verb)
            print(f"{seconds:7.2f} s {mebibytes:5} MiB  qiao {' '.join(verb)}", flush=True)


if __name__ == "__main__":
    main()
