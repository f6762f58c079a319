#!/usr/bin/env python3
"""Makes the labelled sentences that measure how qiao checks an answer against the passages that it cites.

    make_sentences.py SHARED OUT.json

SHARED is a folder with retrieval/xquad.{en,zh}.json and retrieval/cmrc2018_trial.json in SQuAD's format. OUT.json gets
a list of items: id, split (dev or test, alternating by article), language, article, passage (the cited text), sentence
(what an answer says), label, how (the rule, or "hand"; "hand_reckoned" where a figure is
worked out from the passage and does not stand in it), and original (the sentence before an alteration). Labels:

    true            the passage supports the sentence
    number, date    one number, or one part of a date, is not the passage's
    name            one proper name stands nowhere in the passage
    negation        the sentence denies what the passage says, or the reverse
    other           the passage says nothing of it
    number_swapped  a number in another's place, both in the passage: reported apart, beyond what looking up can find

The rules are in english.py and chinese.py, the sentences written by hand in paraphrases.json, and what reading threw
out in rejected.json. The same input gives the same bytes: all choices come from generators seeded with the passage."""

import hashlib
import json
import random
import re
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import chinese
import english

SEED = 20251
HERE = Path(__file__).resolve().parent
RULES = {"en": english, "zh": chinese}
# How many items of each label and rule a language gets at most; hand-written ones come on top.
QUOTAS = {("true", "verbatim"): 55, ("true", "lead_in"): 20, ("true", "clause_dropped"): 28,
          ("true", "number_form"): 24, ("true", "date_form"): 14, ("true", "surname"): 14, ("true", "typography"): 16,
          ("true", "spacing"): 12, ("true", "statement"): 26, ("number", "rule"): 56, ("number_swapped", "rule"): 18,
          ("date", "rule"): 52, ("name", "rule"): 54, ("negation", "rule"): 42, ("other", "same_article"): 22,
          ("other", "other_article"): 22}


@dataclass
class Passage:
    """A cited text: its language, article, half of the set, the article's whole text, and its questions."""
    language: str
    article: str
    split: str
    text: str
    article_text: str
    questions: list = field(repr=False)
    sentences: list = field(repr=False)


@dataclass
class Source:
    """What a rule may look at: one sentence of a passage, and the titles of works that a corpus names."""
    sentence: str
    passage: str
    article_text: str
    titles: list


def passages(shared):
    """All passages, by language; a language's articles alternate between the two halves."""
    found = defaultdict(list)
    for file, language in (("xquad.en", "en"), ("xquad.zh", "zh"), ("cmrc2018_trial", "zh")):
        data = json.loads((Path(shared) / "retrieval" / f"{file}.json").read_text(encoding="utf-8"))["data"]
        for i, article in enumerate(data):
            whole = "\n".join(p["context"] for p in article["paragraphs"])
            for p in article["paragraphs"]:
                name = p["id"] if file.startswith("cmrc") else article["title"]
                found[language].append(Passage(language, name, ("dev", "test")[i % 2], p["context"], whole, p["qas"],
                                               RULES[language].sentences(p["context"])))
    return found


def titles(corpus):
    """Titles of works in book brackets, for the rule that puts one in another's place."""
    return sorted({t for p in corpus for t in re.findall("《[\u4e00-\u9fff]{2,8}》", p.text)})


def item(passage, label, how, sentence, original=None):
    entry = {"id": "", "split": passage.split, "language": passage.language, "article": passage.article,
             "passage": passage.text, "sentence": sentence, "label": label, "how": how}
    return entry | ({"original": original} if original else {})


def derived(passage, label, how, rule, known_titles):
    """The items that a rule makes of a passage's sentences, taken in random order."""
    rng = random.Random(f"{SEED}|{label}|{how}|{passage.text}")
    for sentence in rng.sample(passage.sentences, len(passage.sentences)):
        new = rule(Source(sentence, passage.text, passage.article_text, known_titles), rng)
        if new and new != sentence:
            yield item(passage, label, how, new, sentence)


def verbatim(passage):
    rng = random.Random(f"{SEED}|verbatim|{passage.text}")
    for sentence in rng.sample(passage.sentences, len(passage.sentences)):
        yield item(passage, "true", "verbatim", sentence)


def statements(passage):
    rng = random.Random(f"{SEED}|statement|{passage.text}")
    for qa in passage.questions:
        new = RULES[passage.language].statement(qa["question"], qa["answers"][0]["text"], rng)
        if new:
            yield item(passage, "true", "statement", new, qa["question"])


def foreign(passage, corpus, same):
    """Sentences of other passages, of the same article or not, that share at most half their content with this one."""
    rules = RULES[passage.language]
    rng = random.Random(f"{SEED}|other|{same}|{passage.text}")
    here = rules.content(passage.text)
    rest = [p for p in corpus if p.text != passage.text and (p.article == passage.article) == same]
    for other in rng.sample(rest, min(4, len(rest))):
        for sentence in rng.sample(other.sentences, len(other.sentences)):
            words = rules.content(sentence)
            if words and len(words & here) <= len(words) / 2:
                yield item(passage, "other", "same_article" if same else "other_article", sentence)


def makers(language, corpus):
    """For each label and rule, the function that gives a passage's candidates."""
    rules, known = RULES[language], titles(corpus)
    made = {("true", "verbatim"): verbatim, ("true", "statement"): statements}
    for how, rule in rules.REWRITES.items():
        made["true", how] = lambda p, how=how, rule=rule: derived(p, "true", how, rule, known)
    for label, rule in rules.ALTERATIONS.items():
        made[label, "rule"] = lambda p, label=label, rule=rule: derived(p, label, "rule", rule, known)
    made["other", "same_article"] = lambda p: foreign(p, corpus, True)
    made["other", "other_article"] = lambda p: foreign(p, corpus, False)
    return made


def fingerprint(sentence):
    """How rejected.json names a sentence, since the corpora's text is not ours to copy."""
    return hashlib.sha256(sentence.encode()).hexdigest()[:16]


def pick(corpus, maker, quota, rejected):
    """Up to `quota` items, one a passage, half from each split, articles in turn."""
    order = random.Random(f"{SEED}|order|{quota}").sample(corpus, len(corpus))
    seen = Counter()
    ranked = []
    for passage in order:
        first = next((c for c in maker(passage) if fingerprint(c["sentence"]) not in rejected), None)
        if first:
            ranked.append((seen[passage.article], len(ranked), first))
            seen[passage.article] += 1
    ranked = [entry for _, _, entry in sorted(ranked, key=lambda r: r[:2])]
    halves = [[e for e in ranked if e["split"] == split] for split in ("dev", "test")]
    return [e for half in halves for e in half[:quota // 2]]


def written(found):
    """The items of paraphrases.json, each with the only passage that holds its quote."""
    for entry in json.loads((HERE / "paraphrases.json").read_text(encoding="utf-8")):
        holding = [p for p in found[entry["language"]] if entry["quote"] in p.text]
        if len(holding) != 1:
            raise SystemExit(f"{len(holding)} passages hold the quote: {entry['quote']}")
        yield item(holding[0], entry["label"], entry.get("how", "hand"), entry["sentence"])


def numbered(items):
    """The items with ids that tell language, label, and place."""
    count = Counter()
    for entry in items:
        key = f"{entry['language']}-{entry['label']}"
        count[key] += 1
        entry["id"] = f"{key}-{count[key]:03}"
    return items


def report(items):
    """A table of counts: labels down, languages and halves across."""
    count = Counter((e["label"], e["language"], e["split"]) for e in items)
    lines = [f"{'label':15} en-dev en-test  zh-dev zh-test  all"]
    for label in ("true", "number", "date", "name", "negation", "other", "number_swapped"):
        row = [count[label, language, split] for language in ("en", "zh") for split in ("dev", "test")]
        lines.append(f"{label:15} {row[0]:6} {row[1]:7} {row[2]:7} {row[3]:7} {sum(row):4}")
    how = Counter(f"{e['language']} {e['label']}/{e['how']}" for e in items)
    return "\n".join([*lines, f"{'all':15} {len(items):35}", "", *(f"{n:4} {k}" for k, n in sorted(how.items()))])


def main(shared, out):
    rejected = set(json.loads((HERE / "rejected.json").read_text(encoding="utf-8")))
    found = passages(shared)
    items = []
    for language, corpus in found.items():
        made = makers(language, corpus)
        for key, quota in QUOTAS.items():
            if key in made:
                items += pick(corpus, made[key], quota, rejected)
    items = numbered(items + list(written(found)))
    Path(out).write_text(json.dumps(items, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(report(items))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
