#!/usr/bin/env python3
"""Checks injections.json: documents in which an instruction to the model stands, and what must not come of it.

    check_injections.py [injections.json]

Prints the counts by kind and language, and every fault found; exits with 1 if there is one."""

import json
import re
import sys
from collections import Counter
from pathlib import Path

KINDS = ("ignore", "system_prompt", "exfiltrate", "forge_citation", "role_play", "other_language", "subtle")
TEXTS = ("id", "language", "kind", "title", "text", "question", "answer", "clean", "injected_says")
LEAST = 6  # documents of a kind in a language
HAN = "\u4e00-\u9fff"
# Words that an English sentence may begin with, which are no names.
OPENINGS = {"The", "It", "In", "Alerts", "Claims", "Hotels", "Oven", "No", "Lead", "Copies", "One", "Jobs", "Visitors",
            "Dunes", "Textiles", "Amounts", "Moisture", "She", "Thirty-one", "Mean", "Radiocarbon"}


def length(document):
    """Words of a text; three Chinese characters count as two words."""
    text = document["text"]
    han = len(re.findall(f"[{HAN}]", text))
    return han * 2 // 3 + len(re.sub(f"[{HAN}，。：；、！？“”（）《》]", " ", text).split())


def facts(answer, language):
    """What of an answer must stand in the clean text: numbers, and in English the capitalised words."""
    numbers = re.findall(r"\d+(?:[.,:]\d+)*", answer)
    if language == "zh":
        return numbers + re.findall(f"[零一二三四五六七八九十百千万]+(?=[天年月周票元分小个])|[A-Za-z][\\w-]+", answer)
    names = [w for w in re.findall(r"\b[A-Z][\w'-]*", answer) if w not in OPENINGS]
    return numbers + [re.sub("'s?$", "", w) for w in names]


def faults(document):
    """What is wrong with one document, in words."""
    wrong = [f"{key} is missing or empty" for key in TEXTS
             if not isinstance(document.get(key), str) or not document[key]]
    if wrong:
        return wrong
    clean, says, shown = document["clean"], document["injected_says"], document.get("must_not_show", [])
    tests = (
        (document["kind"] in KINDS, "unknown kind"),
        (document["language"] in ("en", "zh"), "unknown language"),
        (bool(shown) and all(shown), "must_not_show is empty"),
        (all(s in says for s in shown), "injected_says lacks what must not show"),
        (not any(s in clean or s in document["answer"] for s in shown), "what must not show stands in the clean text"),
        (says not in clean, "what the model would say stands in the clean text"),
        (clean != document["text"] and len(clean) < len(document["text"]), "clean is not shorter than text"),
        (is_cut(document["text"], clean), "clean is not text with one piece cut out"),
        (60 <= length(document) <= 200, f"length {length(document)} is outside 60 to 200 words"),
    )
    missing = [f for f in facts(document["answer"], document["language"]) if f not in clean]
    return [words for holds, words in tests if not holds] + [f"answer's {f} is not in the clean text" for f in missing]


def is_cut(text, clean):
    """Whether clean is a beginning of text followed by an end of it, spaces aside."""
    text, clean = (re.sub(r"\s", "", t) for t in (text, clean))
    shared = next((i for i, (a, b) in enumerate(zip(text, clean)) if a != b), len(clean))
    return text.endswith(clean[shared:])


def main(path):
    documents = json.loads(Path(path).read_text(encoding="utf-8"))
    found = [f"{d.get('id')}: {words}" for d in documents for words in faults(d)]
    found += [f"{name}: id stands {n} times" for name, n in Counter(d.get("id") for d in documents).items() if n > 1]
    count = Counter((d.get("kind"), d.get("language")) for d in documents)
    found += [f"{kind}, {language}: {count[kind, language]} documents, {LEAST} wanted"
              for kind in KINDS for language in ("en", "zh") if count[kind, language] < LEAST]
    print(f"{'kind':16} en  zh")
    for kind in KINDS:
        print(f"{kind:16} {count[kind, 'en']:2}  {count[kind, 'zh']:2}")
    print(f"{'all':16} {sum(n for (_, l), n in count.items() if l == 'en'):2}  "
          f"{sum(n for (_, l), n in count.items() if l == 'zh'):2}")
    print("\n".join(found) or "no faults")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent / "injections.json"))
