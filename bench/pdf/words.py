#!/usr/bin/env python3
"""Run a PDF parser over a folder of odd PDFs, one process a file, and compare its words with PDFium's.

    python3 bench/pdf/words.py [--data FOLDER] [--seconds N] [--list] -- COMMAND...

COMMAND is run with each file's path appended, or with the path in place of an argument `{}`:
`-- qiao parse {} --json`. It must print one JSON object with the text under "text" and the number of pages under
"pages" and end with status 0; any other exit counts as an error, and its object may name the kind under "error".

A word is two or more letters in a row: the regular expression [^\\W\\d_]{2,}. FOLDER/words.json holds for each file
the words that PDFium finds, with their counts, and its number of pages. The share of words found is

    sum over files and words of min(count here, count of PDFium) / sum of PDFium's counts

so a word found twice where PDFium finds it once counts once, and a file without text counts as nothing found.
FOLDER/NAME.truth.txt, where there is one, is the true text of NAME.pdf; its share is measured in the same way.
"""

import argparse
import collections
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

WORD = re.compile(r"[^\W\d_]{2,}")
ROOT = Path(__file__).resolve().parents[2]


def default_data():
    shared = Path(os.environ.get("QIAO_SHARED", ROOT.parent / "shared"))
    return shared / "data" / "pdf"


def words(text):
    return collections.Counter(WORD.findall(text))


def found(ours, theirs):
    return sum(min(count, ours[word]) for word, count in theirs.items())


def command_for(template, path):
    if "{}" in template:
        return [str(path) if part == "{}" else part for part in template]
    return [*template, str(path)]


def run(template, path, seconds):
    """The parser's object, how it ended (text, error, crash, hang), and the seconds it took."""
    start = time.monotonic()
    try:
        done = subprocess.run(command_for(template, path), capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return {}, "hang", time.monotonic() - start
    took = time.monotonic() - start
    try:
        result = json.loads(done.stdout)
    except ValueError:
        result = {}
    if done.returncode < 0 or done.returncode in (101, 134, 139):
        return result, "crash", took
    return result, "text" if done.returncode == 0 and "text" in result else "error", took


def kind_of(result):
    error = result.get("error", "unknown")
    if isinstance(error, dict):
        error = error.get("kind") or next(iter(error), "unknown")
    return str(error)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=default_data(), help="folder with the PDFs and words.json")
    parser.add_argument("--seconds", type=float, default=60, help="time a file may take")
    parser.add_argument("--list", action="store_true", help="name the files that lose most words")
    parser.add_argument("command", nargs="+")
    args = parser.parse_args()
    if not (args.data / "words.json").exists():
        print("skipped: no shared data")
        return 0

    reference = json.loads((args.data / "words.json").read_text("utf-8"))
    ends, kinds, losses = collections.Counter(), collections.Counter(), []
    total = hit = pages_equal = pages_known = 0
    seconds = 0.0
    for path in sorted(args.data.glob("*.pdf")):
        result, end, took = run(args.command, path, args.seconds)
        seconds += took
        ends[end] += 1
        if end == "error":
            kinds[kind_of(result)] += 1
        if end == "text" and not WORD.search(result["text"]):
            ends["text without words"] += 1
        known = reference.get(path.name, {})
        ours, theirs = words(result.get("text", "")), known.get("words", {})
        total += sum(theirs.values())
        hit += found(ours, theirs)
        losses.append((sum(theirs.values()) - found(ours, theirs), path.name, end))
        if "pages" in known and "text" in result:
            pages_known += 1
            pages_equal += result.get("pages") == known["pages"]
            if args.list and result.get("pages") != known["pages"]:
                print(f"pages {result.get('pages')} for {known['pages']}  {path.name}")
        truth = path.with_suffix(".truth.txt")
        if truth.exists():
            true_words = words(truth.read_text("utf-8"))
            print(f"{path.name}: {found(ours, true_words) / sum(true_words.values()):.4f} of the true words")

    print(f"files {sum(ends[e] for e in ('text', 'error', 'crash', 'hang'))}: "
          + ", ".join(f"{end} {ends[end]}" for end in ("text", "text without words", "error", "crash", "hang")))
    print("errors by kind: " + (", ".join(f"{k} {n}" for k, n in kinds.most_common()) or "none"))
    print(f"seconds {seconds:.1f}")
    print(f"share of PDFium's words {hit / max(total, 1):.4f} ({hit} of {total})")
    print(f"page counts equal {pages_equal} of {pages_known}")
    if args.list:
        for lost, name, end in sorted(losses, reverse=True)[:25]:
            print(f"{lost:6} lost  {end:5}  {name}")
    return 1 if ends["crash"] or ends["hang"] else 0


if __name__ == "__main__":
    sys.exit(main())
