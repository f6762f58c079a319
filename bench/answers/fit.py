#!/usr/bin/env python3
"""Fit the probability that passages bear on a question, on other articles than it is measured on.

usage: bench/answers/fit.py FILE.jsonl…      lines of crates/engine/examples/relevance.rs, files named MODEL.SET.jsonl
needs: pip install numpy
For each model, a logistic regression over all its sets, each counting alike. The weight of words is held at 6: these questions
were written with their passage in view, which favours words, and a freely fitted weight (16) would refuse paraphrases. The constant of
each pairing of scripts is then moved so that of the questions that have no answer 4% are answered, and 15% where question
and passage are of different scripts (at 4% half of those with an answer would be refused), over all questions of the sets that have half
of the articles in the base. Then the shares of questions with an answer that are answered, and of the others, at the
threshold 0.5: for each half of the articles by what was fitted on the other half, and for all by what was fitted on all,
which is what the registry has. The last figure is the share answered at the threshold that answers 5% of the others.
"""
import collections
import json
import os
import sys

import numpy as np

SCRIPTS = ["spaced", "cjk", "cjk_to_spaced", "spaced_to_cjk"]
FREE = ["chunk", "sentence", "apart"]
ALLOWED = [0.04, 0.04, 0.15, 0.15]
WORDS, RIDGE, ARTICLES = 6.0, 1e-2, 48


def read(path):
    rows = [json.loads(line) for line in open(path, encoding="utf-8")]
    rows = [row for row in rows if row["judgement"]]
    last = max(row["article"] for row in rows) + 1
    judged = [row["judgement"] for row in rows]
    x = np.array([[float(j["scripts"] == name) for name in SCRIPTS] + [j[name] for name in FREE] for j in judged])
    offset = WORDS * np.array([j["words"] for j in judged])
    own = np.array([row["own"] for row in rows])
    return x, offset, own, np.array([row["article"] * ARTICLES // last for row in rows])


def fit(sets, articles):
    x, offset, own, weight = [], [], [], []
    for rows, off, y, article in sets.values():
        use = np.isin(article, articles)
        x.append(rows[use])
        offset.append(off[use])
        own.append(y[use])
        weight.append(np.full(use.sum(), 500 / max(use.sum(), 1)))
    x, offset, own, weight = map(np.concatenate, (x, offset, own, weight))
    w = np.zeros(x.shape[1])
    for _ in range(100):
        p = 1 / (1 + np.exp(-np.clip(x @ w + offset, -60, 60)))
        gradient = x.T @ (weight * (p - own)) + RIDGE * w
        hessian = (x * (weight * p * (1 - p))[:, None]).T @ x + RIDGE * np.eye(len(w))
        step = np.linalg.solve(hessian, gradient)
        w -= step
        if np.abs(step).max() < 1e-9:
            break
    return moved(w, sets, articles)


def moved(w, sets, articles):
    """The same, with constants that answer as many questions without an answer as is allowed."""
    for script, allowed in enumerate(ALLOWED):
        strict = []
        for name, (rows, offset, own, article) in sets.items():
            use = np.isin(article, articles) & ~own & (rows[:, script] > 0)
            if name.endswith(".half") and use.sum() > 50:
                strict.append((rows @ w + offset)[use])
        if strict:
            w[script] -= np.quantile(np.concatenate(strict), 1 - allowed)
    return w


def measured(w, rows, articles):
    x, offset, own, article = rows
    use = np.isin(article, articles)
    score, own = (x @ w + offset)[use], own[use]
    strict = np.quantile(score[~own], 0.95)
    return np.mean(score[own] > 0), np.mean(score[~own] > 0), np.mean(score[own] > strict)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    models = collections.defaultdict(dict)
    for path in sys.argv[1:]:
        model, name = os.path.basename(path)[: -len(".jsonl")].split(".", 1)
        models[model][name] = read(path)
    first, second, both = range(ARTICLES // 2), range(ARTICLES // 2, ARTICLES), range(ARTICLES)
    for model, sets in models.items():
        w = fit(sets, both)
        print(f"{model}: " + ", ".join(f"{n} {v:.2f}" for n, v in zip(SCRIPTS + FREE, w)) + f", words {WORDS}")
        halves = [(fit(sets, second), first), (fit(sets, first), second), (w, both)]
        for name, rows in sets.items():
            figures = [measured(weights, rows, articles) for weights, articles in halves]
            shown = "   ".join(f"{a:.3f} {b:.3f} {c:.3f}" for a, b, c in figures)
            print(f"  {name:<12} ({len(rows[2])}) answered, others answered, answered at 5%: {shown}")


if __name__ == "__main__":
    main()
