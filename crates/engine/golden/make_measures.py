"""Writes crates/engine/tests/data/measures.json: random rankings and grades, and what pytrec_eval makes of them.

usage: make_measures.py > crates/engine/tests/data/measures.json      (pip install pytrec_eval-terrier)
"""
import json
import random

import pytrec_eval

MEASURES = {"success_1", "success_5", "recall_100", "ndcg_cut_10", "recip_rank"}


def case(draw):
    passages = draw.randint(1, 150)
    found = draw.sample(range(passages), draw.randint(0, passages))
    judged = sorted(draw.sample(range(passages), min(passages, draw.randint(1, 12))))
    judged = [(place, draw.choice([0, 1, 1, 2, 3, -1])) for place in judged]
    run = {f"p{place}": float(len(found) - i) for i, place in enumerate(found)}
    qrels = {"q": {f"p{place}": grade for place, grade in judged}}
    scored = pytrec_eval.RelevanceEvaluator(qrels, MEASURES).evaluate({"q": run})["q"] if run else dict.fromkeys(MEASURES, 0.0)
    rank = scored["recip_rank"]
    measures = {
        "hit@1": scored["success_1"],
        "hit@5": scored["success_5"],
        "recall@100": scored["recall_100"],
        # of the first ten: a first right passage further down counts nothing
        "mrr@10": rank if rank >= 0.1 - 1e-12 else 0.0,
        "ndcg@10": scored["ndcg_cut_10"],
    }
    return {"found": found, "judged": judged, "measures": measures}


draw = random.Random(7)
print("[\n" + ",\n".join(json.dumps(case(draw)) for _ in range(150)) + "\n]")
