#!/usr/bin/env python3
"""Fit the probability that passages bear on a question, and say how often the threshold 0.5 is wrong.

usage: fit.py FILE.jsonl…      lines of crates/engine/examples/relevance.rs, files named MODEL.SET.jsonl
For each model: logistic regression on all its sets together (Newton's method, ridge 0.01), one constant for each pairing
of scripts. The weight of shared words is held at 6: these questions were written with their passage in view, which
favours words, and a freely fitted weight (17 to 19) would refuse every paraphrase. Then for each set the share of own
questions refused, and of other articles' questions answered: by the fit, and by the best single threshold on the cosine
of the best chunk, chosen on that very set, for comparison. Standard library only.
"""
import collections
import json
import math
import os
import sys

NAMES = ["spaced", "cjk", "cjk_to_spaced", "spaced_to_cjk", "chunk", "sentence"]
COVERAGE = 6.0
RIDGE = 1e-2


def solve(a, b):
    n = len(b)
    rows = [list(a[i]) + [b[i]] for i in range(n)]
    for i in range(n):
        pivot = max(range(i, n), key=lambda r: abs(rows[r][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for r in range(n):
            if r != i:
                factor = rows[r][i] / rows[i][i]
                rows[r] = [x - factor * y for x, y in zip(rows[r], rows[i])]
    return [rows[i][n] / rows[i][i] for i in range(n)]


def sigmoid(z):
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, z))))


def fit(data, ridge=RIDGE):
    width = len(NAMES)
    w = [0.0] * width
    for _ in range(50):
        gradient = [ridge * x for x in w]
        hessian = [[ridge if i == j else 0.0 for j in range(width)] for i in range(width)]
        for (x, words), y in data:
            p = sigmoid(COVERAGE * words + sum(a * b for a, b in zip(w, x)))
            for i in range(width):
                gradient[i] += (p - y) * x[i]
                for j in range(width):
                    hessian[i][j] += p * (1 - p) * x[i] * x[j]
        step = solve(hessian, gradient)
        w = [a - b for a, b in zip(w, step)]
        if max(map(abs, step)) < 1e-9:
            break
    return w


def wrong(data, decide):
    own = [x for x, y in data if y]
    other = [x for x, y in data if not y]
    return sum(not decide(x) for x in own) / len(own), sum(decide(x) for x in other) / len(other)


def features(judgement):
    scripts = [float(judgement["scripts"] == name) for name in NAMES[:4]]
    return scripts + [judgement["chunk"], judgement["sentence"]], judgement["coverage"]


def best_cosine(data):
    chunk = NAMES.index("chunk")
    thresholds = sorted({round(x[chunk], 3) for (x, _), _ in data})
    return min(thresholds, key=lambda t: sum(wrong(data, lambda x: x[0][chunk] >= t)))


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    models = collections.defaultdict(dict)
    for path in sys.argv[1:]:
        model, name = os.path.basename(path)[: -len(".jsonl")].rsplit(".", 1)
        rows = [json.loads(line) for line in open(path, encoding="utf-8")]
        models[model][name] = [(features(r["judgement"]), r["own"]) for r in rows if r.get("judgement")]
    for model, sets in models.items():
        w = fit([row for rows in sets.values() for row in rows])
        print(f"{model}: " + ", ".join(f"{n} {v:.2f}" for n, v in zip(NAMES, w)))
        for name, rows in sets.items():
            cosine = best_cosine(rows)
            by_fit = wrong(rows, lambda x: COVERAGE * x[1] + sum(a * b for a, b in zip(w, x[0])) >= 0)
            line = {"fit": by_fit, f"cosine {cosine:.3f}": wrong(rows, lambda x: x[0][NAMES.index("chunk")] >= cosine)}
            shown = "; ".join(f"{k}: {a:.1%} own refused, {b:.1%} others answered" for k, (a, b) in line.items())
            print(f"  {name} ({len(rows)}): {shown}")


if __name__ == "__main__":
    main()
