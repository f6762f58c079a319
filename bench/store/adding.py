#!/usr/bin/env python3
"""What of adding is not the encoder: `qiao add` of text files beside `qiao embed` of the very chunks that it cuts, in turn.

usage: bench/store/adding.py QIAO TEXTS [LINES] [ROUNDS]     TEXTS has a passage a line; LINES (300) of them become files of ten
Model multilingual-e5-small-q4, in bytes. Standard library only.
"""
import os
import statistics
import subprocess
import sys
import tempfile
import time


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    qiao, texts = sys.argv[1:3]
    count, rounds = (int(x) for x in (sys.argv[3:5] + ["300", "3"][len(sys.argv[3:5]):]))
    lines = open(texts, encoding="utf-8").read().split("\n")[:count]
    base = [qiao, "--quiet", "--model", "multilingual-e5-small-q4"]
    with tempfile.TemporaryDirectory() as folder:
        files = os.path.join(folder, "files")
        os.mkdir(files)
        for at in range(0, len(lines), 10):
            with open(os.path.join(files, f"{at:05}.txt"), "w", encoding="utf-8") as file:
                file.write("\n\n".join(lines[at:at + 10]))
        chunks = os.path.join(folder, "chunks.jsonl")
        with open(chunks, "wb") as out:
            for name in sorted(os.listdir(files)):
                out.write(subprocess.run([*base, "chunk", os.path.join(files, name), "--json"], stdout=subprocess.PIPE, check=True).stdout)
        taken = {"add": [], "embed": []}
        for turn in range(rounds):
            add = [*base, "--kb", os.path.join(folder, f"{turn}.qiao"), "add", files]
            embed = [*base, "embed", "--compute", "int8", "--file", chunks, "--format", "npy", "--output", os.path.join(folder, "x.npy")]
            for name, command in (("add", add), ("embed", embed)):
                start = time.perf_counter()
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
                taken[name].append(time.perf_counter() - start)
        add, embed = (statistics.median(taken[name]) for name in ("add", "embed"))
        print(f"{sum(1 for _ in open(chunks))} chunks: add {add:.2f} s, embed {embed:.2f} s, all but the encoder {(add - embed) / add:.1%}")


if __name__ == "__main__":
    main()
