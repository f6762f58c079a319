"""Makes crates/engine/src/language/analysis/simplified.txt.

usage: make_simplified.py OpenCC/data/dictionary/TSCharacters.txt > simplified.txt


Takes the first choice of each character of OpenCC's table (Apache License 2.0; made from commit 5249273a), leaves out those
that stay, and lets none stand for a character that is itself replaced.
"""

import sys
import unicodedata

HEADER = """\
# Traditional Chinese characters, each followed by the simplified one that is read for it. From the first column and the first
# choice of TSCharacters.txt of Open Chinese Convert (OpenCC), Copyright BYVoid and contributors, Apache License 2.0."""
PAIRS_A_LINE = 30


def read(path):
    """The simplified character of each traditional one that NFKC leaves as it is."""
    table = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith("#") or not line.strip():
                continue
            traditional, choices = line.rstrip("\n").split("\t")[:2]
            simplified = choices.split(" ")[0]
            if simplified != traditional and unicodedata.normalize("NFKC", traditional) == traditional:
                table[traditional] = simplified
    return table


def last(table, character):
    """What a character becomes when it is replaced as long as that changes it."""
    while character in table:
        character = table[character]
    return character


table = read(sys.argv[1])
pairs = [traditional + last(table, traditional) for traditional in sorted(table)]
print(HEADER)
for start in range(0, len(pairs), PAIRS_A_LINE):
    print("".join(pairs[start : start + PAIRS_A_LINE]))
