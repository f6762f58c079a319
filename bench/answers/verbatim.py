#!/usr/bin/env python3
"""Holds every quotation of `qiao ask` against the file that it names, by means that share nothing with qiao.

usage: bench/answers/verbatim.py QIAO SQUAD.json [QUESTIONS] [MODEL]
Each paragraph becomes a text file, all are added to a new knowledge base, and QUESTIONS (100) questions at even distances are asked.
A quotation is right where its bytes stand in the file that it names. Standard library only.
"""
import json
import os
import subprocess
import sys
import tempfile


def main():
    if len(sys.argv) not in (3, 4, 5):
        sys.exit(__doc__)
    qiao, path = sys.argv[1:3]
    wanted = int(sys.argv[3]) if len(sys.argv) > 3 else 100
    model = sys.argv[4] if len(sys.argv) > 4 else "multilingual-e5-small-q4"
    articles = json.load(open(path, encoding="utf-8"))["data"]
    paragraphs = [paragraph for article in articles for paragraph in article["paragraphs"]]
    questions = [qa["question"] for paragraph in paragraphs for qa in paragraph["qas"]]
    with tempfile.TemporaryDirectory() as folder:
        texts = os.path.join(folder, "texts")
        os.mkdir(texts)
        for i, paragraph in enumerate(paragraphs):
            with open(os.path.join(texts, f"{i:04}.txt"), "w", encoding="utf-8", newline="") as file:
                file.write(paragraph["context"])
        base = [qiao, "--quiet", "--kb", os.path.join(folder, "kb.qiao"), "--model", model]
        subprocess.run([*base, "add", texts], check=True, stdout=subprocess.DEVNULL)
        quotations = right = refused = 0
        for question in questions[:: max(1, len(questions) // wanted)]:
            answer = json.loads(subprocess.run([*base, "ask", question, "--json"], stdout=subprocess.PIPE).stdout)
            refused += answer["refused"]
            for citation in answer["citations"]:
                quotations += 1
                right += citation["quote"].encode() in open(citation["path"], "rb").read()
    print(f"{os.path.basename(path)}: {quotations} quotations, {right} byte for byte in their file; {refused} questions refused")


if __name__ == "__main__":
    main()
