#!/usr/bin/env python3
"""Times qiao over a knowledge base of a million chunks (or CHUNKS), encoder aside.

usage: bench/retrieval/million.py QIAO SEARCH_SPEED SHARED [CHUNKS [FOLDER]]
       QIAO is the built program, SEARCH_SPEED the built example of the engine, SHARED the shared data; needs numpy

Chunks of about 200 words are shuffled sentences of the shared texts, English and Chinese, twenty in a document; vectors are real ones
of all-MiniLM-L6-v2, moved so that the cosine to their source is 0.75 to 0.9. They are written into the file beside SQLite. Then
the index is built by the first `qiao add`, and asked; and 10,000 chunks are added to it.
"""
import hashlib
import json
import os
import random
import re
import sqlite3
import subprocess
import sys
import tempfile
import time

import numpy as np

MODEL = "all-MiniLM-L6-v2"
WORDS = 200
A_DOCUMENT = 20


def texts(shared):
    for name in ["passages.txt", "sentences.txt"]:
        with open(os.path.join(shared, "text", name), encoding="utf-8") as file:
            yield from (line.strip() for line in file if line.strip())
    for name in ["xquad.en.json", "xquad.zh.json", "cmrc2018_trial.json"]:
        with open(os.path.join(shared, "retrieval", name), encoding="utf-8") as file:
            for article in json.load(file)["data"]:
                yield from (paragraph["context"] for paragraph in article["paragraphs"])


def sentences(all_texts):
    found = []
    for text in all_texts:
        found += [s.strip() for s in re.split(r"(?<=[.!?])\s+|(?<=[。！？])", text) if len(s.strip()) > 10]
    return found


def chunks(own, count, seed):
    """Texts of about 200 words, no two alike; a Chinese character counts as half a word."""
    draw = random.Random(seed)
    for number in range(count):
        parts, length = [f"({seed}.{number})"], 0
        while length < WORDS:
            sentence = own[draw.randrange(len(own))]
            parts.append(sentence)
            length += len(sentence.split()) + sum(c > "\u2e80" for c in sentence) // 2
        yield " ".join(parts)


def vectors(qiao, folder, own):
    source = os.path.join(folder, "texts.jsonl")
    with open(source, "w", encoding="utf-8") as file:
        file.writelines(json.dumps({"text": text}) + "\n" for text in own)
    made = os.path.join(folder, "texts.npy")
    subprocess.run([qiao, "--quiet", "--model", MODEL, "embed", "--file", source, "--long", "truncate", "--format", "npy",
                    "-o", made], check=True)
    return np.load(made)


def moved(real, count, random_state):
    """Batches of vectors whose cosine to a real one is 0.75 to 0.9."""
    for start in range(0, count, 10_000):
        n = min(10_000, count - start)
        base = real[random_state.integers(0, len(real), n)]
        noise = random_state.standard_normal(base.shape, dtype=np.float32)
        noise -= (noise * base).sum(1, keepdims=True) * base
        noise /= np.linalg.norm(noise, axis=1, keepdims=True)
        cosine = random_state.uniform(0.75, 0.9, (n, 1)).astype(np.float32)
        both = cosine * base + np.sqrt(1 - cosine**2) * noise
        yield from (both / np.linalg.norm(both, axis=1, keepdims=True)).astype("<f4")


def fill(kb, count, first, own, real, seed):
    file = sqlite3.connect(kb)
    file.execute("PRAGMA synchronous = OFF")
    space = file.execute("SELECT id FROM space").fetchone()[0]
    made = zip(chunks(own, count, seed), moved(real, count, np.random.default_rng(seed)), strict=True)
    for document in range(first // A_DOCUMENT, (first + count) // A_DOCUMENT):
        number, text, rows = document + 1000 * seed, "", []
        for _ in range(A_DOCUMENT):
            chunk, vector = next(made)
            start = len(text.encode())
            text += chunk + "\n\n"
            rows.append((start, start + len(chunk.encode()), chunk, vector))
        sha = hashlib.sha256(text.encode()).hexdigest()
        file.execute("INSERT INTO content VALUES (?,?,'text',NULL,NULL,NULL,?,'')", (number, sha, text))
        file.execute("INSERT INTO document VALUES (?,?,?,?)", (number, f"/texts/{number}.txt", number, 1790000000))
        for i, (start, end, chunk, vector) in enumerate(rows):
            row = number * A_DOCUMENT + i
            key = hashlib.sha256(chunk.encode()).hexdigest()
            file.execute("INSERT INTO vector VALUES (?,?,?,?,200,0,0)", (row, space, key, vector.tobytes()))
            file.execute("INSERT INTO chunk VALUES (?,?,?,?,?,200,'[]')", (row, number, row, start, end))
    file.commit()
    file.close()


def main():
    qiao, speed, shared = (os.path.abspath(path) for path in sys.argv[1:4])
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 1_000_000
    with tempfile.TemporaryDirectory(dir=sys.argv[5] if len(sys.argv) > 5 else None) as folder:
        def run(*verb):
            begun = time.perf_counter()
            child = subprocess.Popen([qiao, "--kb", "kb.qiao", "--model", MODEL, "--quiet", *verb], cwd=folder,
                                     stdout=subprocess.DEVNULL)
            _, status, usage = os.wait4(child.pid, 0)
            if status:
                sys.exit(f"qiao {' '.join(verb)}: {status}")
            print(f"{time.perf_counter() - begun:8.2f} s {usage.ru_maxrss >> 10:6} MiB  qiao {' '.join(verb)}", flush=True)

        def note(number):
            with open(os.path.join(folder, f"note{number}.txt"), "w", encoding="utf-8") as file:
                file.write(f"Note {number}: otters eat sea urchins.\n")
            return f"note{number}.txt"

        kb = os.path.join(folder, "kb.qiao")
        all_texts = list(texts(shared))
        own, real = sentences(all_texts), vectors(qiao, folder, all_texts)
        run("add", note(1))
        fill(kb, count, 0, own, real, 1)
        print(f"{count} chunks, {os.path.getsize(kb) >> 20} MiB, {len(real)} real vectors")
        run("add", note(2))
        index = os.path.join(folder, "kb.qiao-index")
        sizes = {name: os.path.getsize(os.path.join(index, name)) >> 20 for name in os.listdir(index)}
        print("index, MiB:", {name: size for name, size in sizes.items() if size})
        draw, queries = random.Random(5), os.path.join(folder, "queries.txt")
        with open(queries, "w", encoding="utf-8") as file:
            for _ in range(200):
                sentence = own[draw.randrange(len(own))]
                words = sentence.split()
                file.write((" ".join(words[:10]) if len(words) > 4 else sentence[:20]) + "\n")
        print(subprocess.run([speed, kb, queries], check=True, capture_output=True, text=True).stdout)
        for _ in range(3):
            run("search", "What do otters eat?", "--lexical")
        fill(kb, 10_000, count, own, real, 2)
        run("add", note(3))
        print(subprocess.run([speed, kb, queries], check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    main()
