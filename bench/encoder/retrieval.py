#!/usr/bin/env python3
"""Whether vectors computed in bytes find what those in single precision find, over whole passages of a SQuAD-style file.

usage: bench/encoder/retrieval.py QIAO MODEL SQUAD.json [SQUAD.json ...]      needs numpy; QIAO is the built program
Prints hit@1, hit@5 and nDCG@10 (one relevant passage a question) for each precision, the mean and least cosine of a passage's
two vectors, how often the first passage is the same, and how many of the ten nearest are.
"""
import json
import os
import subprocess
import sys
import tempfile

import numpy as np


def embed(qiao, model, precision, role, texts):
    with tempfile.TemporaryDirectory() as folder:
        lines, out = os.path.join(folder, "texts.jsonl"), os.path.join(folder, "out.npy")
        with open(lines, "w", encoding="utf-8") as file:
            file.writelines(json.dumps({"text": text}) + "\n" for text in texts)
        subprocess.run([qiao, "--kb", os.path.join(folder, "none.qiao"), "--model", model, "--compute", precision, "--quiet",
                        "embed", "--file", lines, "--role", role, "--long", "truncate", "--normalize", "--format", "npy",
                        "--output", out], check=True)
        return np.load(out)


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    qiao, model = sys.argv[1:3]
    for path in sys.argv[3:]:
        passages, questions, wanted = [], [], []
        for article in json.load(open(path, encoding="utf-8"))["data"]:
            for paragraph in article["paragraphs"]:
                for question in paragraph["qas"]:
                    questions.append(question["question"])
                    wanted.append(len(passages))
                passages.append(paragraph["context"])
        wanted, every = np.array(wanted), np.arange(len(wanted))
        vectors, nearest = {}, {}
        print(f"{os.path.basename(path)}: {len(passages)} passages, {len(questions)} questions, {model}")
        for precision in ["f32", "int8"]:
            vectors[precision] = embed(qiao, model, precision, "passage", passages)
            scores = embed(qiao, model, precision, "query", questions) @ vectors[precision].T
            rank = (scores > scores[every, wanted][:, None]).sum(1)
            gain = np.where(rank < 10, 1 / np.log2(rank + 2), 0)
            nearest[precision] = np.argsort(-scores, axis=1)[:, :10]
            print(f"  {precision:5} hit@1 {(rank < 1).mean():.4f}  hit@5 {(rank < 5).mean():.4f}  nDCG@10 {gain.mean():.4f}")
        cosines = (vectors["f32"] * vectors["int8"]).sum(1)
        first = (nearest["f32"][:, 0] == nearest["int8"][:, 0]).mean()
        shared = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(nearest["f32"], nearest["int8"])])
        print(f"  cosine mean {cosines.mean():.5f}, least {cosines.min():.5f}; same first {first:.4f}; same of ten {shared:.4f}")


if __name__ == "__main__":
    main()
