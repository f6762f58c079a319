#!/usr/bin/env python3
"""Check questions.json against the PDFs: page numbers, quotations, counts."""

import json
import re
import sys
from pathlib import Path

import pypdfium2

HERE = Path(__file__).resolve().parent


def main():
    wrong = 0
    for name, groups in json.loads((HERE / "questions.json").read_text("utf-8")).items():
        pdf = pypdfium2.PdfDocument(HERE / name)
        pages = [page.get_textpage().get_text_range() for page in pdf]
        answerable, unanswerable = groups["answerable"], groups["unanswerable"]
        for item in answerable:
            quote = item["quote_contains"]
            found = [n for n, text in enumerate(pages, 1) if quote in text]
            if found != [item["page"]]:
                flat = [n for n, text in enumerate(pages, 1)
                        if re.sub(r"\s+", "", quote) in re.sub(r"\s+", "", text)]
                print(f"{name}: {quote!r}: page {item['page']} expected, {found} found "
                      f"({flat} without spaces)", file=sys.stderr)
                wrong += 1
        questions = [item["question"] for item in answerable] + unanswerable
        if len(set(questions)) != len(questions) or len(answerable) < 20 or len(unanswerable) < 10:
            print(f"{name}: too few questions, or one twice", file=sys.stderr)
            wrong += 1
        print(f"{name}: {len(pages)} pages, {len(answerable)} answerable, {len(unanswerable)} unanswerable")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
