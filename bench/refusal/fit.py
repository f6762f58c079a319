#!/usr/bin/env python3
"""Fit the probability that passages bear on a question, and say how often the threshold 0.5 is wrong.

usage: fit.py FILE.jsonl…      lines of crates/engine/examples/relevance.rs, files named MODEL.SET.jsonl
For each model: logistic regression on all its sets together (Newton's method, ridge 1e-3), then for each set the share
of own questions refused, and of other articles' questions answered: by the fit, by a fit on the other sets alone
("held out"), and by the best single threshold on the cosine of the best chunk, for comparison. Standard library only.
"""
import collections
import json
import math
import os
import sys

NAMES = ["chunk", "sentence", "coverage"]


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


def fit(data, ridge=1e-3):
    width = len(NAMES) + 1
    w = [0.0] * width
    for _ in range(50):
        gradient = [ridge * x for x in w]
        hessian = [[ridge if i == j else 0.0 for j in range(width)] for i in range(width)]
        for x, y in data:
            p = sigmoid(sum(a * b for a, b in zip(w, x)))
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


def best_cosine(data):
    thresholds = sorted({round(x[1], 3) for x, _ in data})
    return min(thresholds, key=lambda t: sum(wrong(data, lambda x: x[1] >= t)))


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    models = collections.defaultdict(dict)
    for path in sys.argv[1:]:
        model, name = os.path.basename(path)[: -len(".jsonl")].rsplit(".", 1)
        rows = [json.loads(line) for line in open(path, encoding="utf-8")]
        models[model][name] = [([1.0] + [r["judgement"][n] for n in NAMES], r["own"]) for r in rows if r.get("judgement")]
    for model, sets in models.items():
        w = fit([row for rows in sets.values() for row in rows])
        print(f"{model}: " + ", ".join(f"{n} {v:.2f}" for n, v in zip(["bias", *NAMES], w)))
        for name, rows in sets.items():
            others = [row for other, rs in sets.items() if other != name for row in rs]
            cosine = best_cosine(rows)
            by = lambda v: lambda x: sum(a * b for a, b in zip(v, x)) >= 0
            line = {"fit": wrong(rows, by(w)), f"cosine {cosine:.3f}": wrong(rows, lambda x: x[1] >= cosine)}
            if others:
                line["held out"] = wrong(rows, by(fit(others)))
            shown = "; ".join(f"{k}: {a:.1%} own refused, {b:.1%} others answered" for k, (a, b) in line.items())
            print(f"  {name} ({len(rows)}): {shown}")


if __name__ == "__main__":
    main()
