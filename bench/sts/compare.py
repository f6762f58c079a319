#!/usr/bin/env python3
"""Spearman on STS files through Python's sentence-transformers, beside qiao's.

usage: compare.py QIAO MODEL_DIR DATA_DIR    (QIAO: the program; DATA_DIR: .tsv files of score, sentence, sentence)
Both sentences of a pair are encoded as queries, as E5's model card says for symmetric tasks.
needs: sentence-transformers 6, scipy
"""
import glob
import json
import os
import subprocess
import sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import sentence_transformers  # noqa: E402
from scipy.stats import spearmanr  # noqa: E402


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    qiao, directory, data = sys.argv[1:]
    command = [qiao, "--model", directory, "eval", "sts", "--data", data, "--json"]
    found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    ours = {row["file"]: row["spearman"] for row in found["files"]}
    model = sentence_transformers.SentenceTransformer(directory, device="cpu", model_kwargs={"dtype": "float32"})
    prompt = found["encoder"]["prompts"]["query"]
    print(f"{'file':<24} {'python':>8} {'qiao':>8}  difference")
    worst = 0.0
    for path in sorted(glob.glob(os.path.join(data, "*.tsv"))):
        with open(path, encoding="utf-8") as lines:
            rows = [line.rstrip("\n").split("\t") for line in lines]
        first, second = (model.encode([row[i] for row in rows], prompt=prompt, normalize_embeddings=True) for i in (1, 2))
        theirs = spearmanr([float(row[0]) for row in rows], (first * second).sum(axis=1)).statistic
        name = os.path.basename(path)
        difference = abs(theirs - ours[name])
        worst = max(worst, difference)
        print(f"{name:<24} {theirs:8.5f} {ours[name]:8.5f}  {difference:.6f}")
    print(f"largest difference {worst:.6f}")


if __name__ == "__main__":
    main()
