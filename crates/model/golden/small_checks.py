"""Proof that the references of a small model show what they should: that the numbers are Python's and not of one way to
compute them, and that every tensor and every setting matters to them, but for settings that Python passes over."""
import contextlib
import json
import math
import pathlib
import re
import shutil
import tempfile

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from sentence_transformers.base.modules import Transformer

# what padding, another kernel or a wider number may change
NOISE = 2e-6
# what every tensor and setting must change at least
VISIBLE = 1e-4

TEXTS = [
    "",
    "bridge",
    " \n\t ",
    "a bridge is over the river: 桥是一座桥梁, and 123 city-banks!",
    "🦀🇨🇭 naïve Straße ﬁne ½ ＡＢＣ e\u0301 zero\u200bwidth nul\u0000",
    "The BANK of the River",
    "the bank of the river",
    "one two water over under city with banks and bridges of the river is one",
    "two banks and one river under a bridge of the city with water, " * 3,
    "two banks and one river under a bridge of the city with water, " * 8,
    "河水桥梁 " * 40,
    "one bridge over water " * 60,
    "a <|endoftext|> [PAD] <pad> [UNK] <unk> [MASK] <mask> [SEP] </s> b",
]
PASSAGES = [0, 1, 3, 7, 9, 12]

# what no vector can show: the pooler, which sentence-transformers does not use, and a bias of all keys, which without
# rotation shifts all scores of a query alike
UNSEEN = re.compile(r"pooler\.|(self\.key|k_lin|attn\.k)\.bias$")


def everything(encoder):
    """The vectors of all texts as queries, then of some as passages, each role in one padded batch."""
    roles = [("query", TEXTS), ("passage", [TEXTS[i] for i in PASSAGES])]
    return np.concatenate([encoder.vectors(role, texts) for role, texts in roles])


def difference(a, b):
    return math.inf if a.shape != b.shape else float(np.abs(a - b).max())


def noise(encoder, load, vectors):
    """By how much the numbers depend on padding, kernel and precision; so much that a wrong one could hide fails."""
    assert np.isfinite(vectors).all()
    jobs = [("query", text) for text in TEXTS] + [("passage", TEXTS[i]) for i in PASSAGES]
    alone = np.stack([encoder.vectors(role, [text])[0] for role, text in jobs])
    found = {"one by one": difference(alone, vectors)}
    if encoder.model is not None and isinstance(encoder.model[0], Transformer):
        found["float64"] = difference(everything(load(dtype="float64")), vectors)
        # the implementation is sdpa where there is one
        if encoder.model[0].model._supports_sdpa:
            found["eager"] = difference(everything(load(attn_implementation="eager")), vectors)
    assert max(found.values()) < NOISE, found
    return max(found.values())


def tensors(load, directory, vectors, of=everything, unseen=UNSEEN):
    """Fails where a tensor could be anything: `of` computes what is compared, and one called `unseen` changes nothing."""
    for path in sorted(directory.rglob("*.safetensors")):
        all_of_file = load_file(path)
        for name, tensor in all_of_file.items():
            with copied(directory) as other:
                zeroed = {**all_of_file, name: torch.zeros_like(tensor)}
                save_file(zeroed, other / path.relative_to(directory), metadata={"format": "pt"})
                seen = difference(of(load(other)), vectors)
            assert seen < NOISE if unseen.search(name) else seen > VISIBLE, (name, seen)


def settings(small, directory, vectors, of=everything):
    """Fails where a setting could be anything, or where one matters that should not."""
    for change in small.settings:
        seen = difference(changed(small, directory, change, of), vectors)
        assert seen > VISIBLE, (*change, seen)
    for change in small.ignored:
        seen = difference(changed(small, directory, change, of), vectors)
        assert seen < NOISE, (*change, seen)


def changed(small, directory, change, of):
    """What is compared, with another value of a setting."""
    file, name, value = change
    with copied(directory) as other:
        found = json.loads((other / file).read_text(encoding="utf-8"))
        assert name in found and found[name] != value, (file, name)
        (other / file).write_text(json.dumps({**found, name: value}), encoding="utf-8")
        return of(small.load(other))


@contextlib.contextmanager
def copied(directory):
    """A copy of a directory, to be changed."""
    with tempfile.TemporaryDirectory() as room:
        yield pathlib.Path(shutil.copytree(directory, room, dirs_exist_ok=True))
