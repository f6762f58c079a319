#!/usr/bin/env python3
"""Small cross-encoders with random weights, and what Python makes of them.

usage: make_small_rerankers.py [NAME...]      makes all of ../tests/rerankers, or these
Each is a directory as sentence-transformers saves a CrossEncoder, or has saved one in former versions, with NAME.json
beside it: pairs of texts with their ids, token types and scores. small_checks.py shows that all tensors and settings
matter to them. Two runs write the same bytes.
needs: sentence-transformers 6.2, transformers 5.24
"""
import json
import logging
import re
import shutil
import sys
import tempfile
import typing

# the neighbours are imported, and the tree is to stay as it is
sys.dont_write_bytecode = True
import make_small_models as models  # before all that could ask the Hub, which it forbids
import numpy as np
import sentence_transformers
import small_checks as checks
import small_tokenizers as tokenizers
import torch
import transformers
from sentence_transformers import CrossEncoder

ROOT = models.ROOT.parent / "rerankers"

ENGLISH = "two banks and one river under a bridge of the city with water, "
CHINESE = "桥是一座桥梁，河水中文城市。"
# queries and passages; of the long ones first the passage alone is cut, then the query alone, then both
PAIRS = [
    ("", ""),
    ("", "the bridge over the river"),
    ("where is the bridge?", ""),
    (" \n\t ", "🦀🇨🇭 naïve Straße ﬁne ½ ＡＢＣ e\u0301 zero\u200bwidth nul\u0000"),
    ("where is the bridge?", "A bridge is over the river: 桥是一座桥梁, and 123 city-banks!"),
    ("where is the bridge?", "The gate of the small mill is of stone."),
    ("桥是一座桥梁", CHINESE),
    ("桥是一座桥梁", ENGLISH),
    ("one city bank", CHINESE),
    ("a [SEP] </s> b [PAD] <pad>", "[CLS] <s> [UNK] <unk> [MASK] <mask>"),
    ("bridge", ENGLISH * 3),
    ("桥梁", CHINESE * 6),
    (ENGLISH * 3, "bridge"),
    (CHINESE * 6, "桥梁"),
    (ENGLISH * 3, ""),
    ("", ENGLISH * 3),
    (ENGLISH * 3, CHINESE * 6),
    (CHINESE * 6, ENGLISH * 3),
    ("one " * 18, "two " * 60),
    ("one " * 60, "two " * 18),
    ("one " * 20, "two " * 21),
    ("one " * 21, "two " * 20),
    ("one " * 19, "two " * 19),
]
# a bias of all keys shifts all scores of a query alike
UNSEEN = re.compile(r"self\.key\.bias$")
IDENTITY = "torch.nn.modules.linear.Identity"
SIGMOID = "torch.nn.modules.activation.Sigmoid"


class Small(typing.NamedTuple):
    make: typing.Callable
    load: typing.Callable
    # file, name and another value of settings, which must change the scores
    settings: list[tuple]
    # the same of settings that Python passes over, which must not
    ignored: list[tuple]


MODELS: dict[str, Small] = {}


def load(directory, **how):
    return CrossEncoder(str(directory), device="cpu", model_kwargs={"dtype": "float32", **how})


def small(name, *settings, ignored=()):
    """Registers what writes the directory `name`."""

    def register(make):
        MODELS[name] = Small(make, load, list(settings), list(ignored))
        return make

    return register


# --- the models


def network(kind, seed, **settings):
    """A transformer of the model type `kind` with a head of one label."""
    config = transformers.AutoConfig.for_model(kind, num_labels=1, **models.PLAIN, **settings)
    return models.randomize(transformers.AutoModelForSequenceClassification.from_config(config), seed)


def of_bert(seed, tokenizer, **settings):
    sizes = {"hidden_size": 30, "num_attention_heads": 3, "intermediate_size": 37}
    return network("bert", seed, vocab_size=len(tokenizer), **sizes, **settings)


def untyped(tokenizer):
    """A post-processor as the tokenizer has it, but that all tokens of a pair are of the first type."""
    found = json.loads(tokenizer.backend_tokenizer.to_str())["post_processor"]
    parts = [{kind: {**part, "type_id": 0}} for piece in found["pair"] for kind, part in piece.items()]
    return {**found, "pair": parts}


@small(
    "bert",
    models.EPSILON,
    models.RELU,
    ("config.json", "sentence_transformers", {"activation_fn": SIGMOID, "version": "4.0.0"}),
    ("tokenizer_config.json", "model_max_length", 25),
    ("tokenizer_config.json", "truncation_side", "left"),
    ignored=[("tokenizer.json", "post_processor", untyped(tokenizers.bert()))],
)
def bert(out):
    """As sentence-transformers 4 and 5 saved it: no modules, the activation in config.json."""
    tokenizer = tokenizers.bert(model_max_length=41, truncation_side="right")
    of_bert("reranker/bert", tokenizer, max_position_embeddings=44).save_pretrained(out)
    tokenizer.save_pretrained(out)
    models.merge(out / "config.json", sentence_transformers={"activation_fn": IDENTITY, "version": "4.0.0"})


@small(
    "bert-modules",
    ("config_sentence_transformers.json", "activation_fn", IDENTITY),
    ("config_sentence_transformers.json", "default_prompt_name", None),
    ("config_sentence_transformers.json", "prompts", {"retrieval": "two ", "other": "under "}),
    ignored=[("config.json", "sentence_transformers", {"activation_fn": SIGMOID, "version": "4.0.0"})],
)
def bert_modules(out):
    """As sentence-transformers 6 saves it, with a prompt before every query; the left of a long text is lost. Its
    configuration of modules wins over what an earlier version has left in config.json."""
    tokenizer = tokenizers.bert(truncation_side="left")
    inner = of_bert("reranker/bert-modules", tokenizer, max_position_embeddings=40, hidden_act="relu")
    with tempfile.TemporaryDirectory() as raw:
        inner.save_pretrained(raw)
        tokenizer.save_pretrained(raw)
        how = {"prompts": {"retrieval": "the bank: ", "other": "under "}, "default_prompt_name": "retrieval"}
        CrossEncoder(raw, device="cpu", activation_fn=torch.nn.Tanh(), **how).save(str(out), create_model_card=False)
    models.merge(out / "config.json", sentence_transformers={"activation_fn": IDENTITY, "version": "4.0.0"})


@small(
    "xlm-roberta",
    models.EPSILON,
    models.RELU,
    ("config.json", "sbert_ce_default_activation_function", IDENTITY),
    ignored=[("config.json", "sbert_ce_default_activation_function", "somebody.activations.Swish")],
)
def xlm_roberta(out):
    """As sentence-transformers 3 saved it, in float16; a sigmoid where nothing is said."""
    tokenizer = tokenizers.xlm_roberta(model_max_length=45)
    sizes = {"hidden_size": 26, "num_attention_heads": 2, "intermediate_size": 35}
    positions = {"max_position_embeddings": 47, "type_vocab_size": 1}
    inner = network("xlm-roberta", "reranker/xlm-roberta", vocab_size=len(tokenizer), **sizes, **positions)
    inner.half().save_pretrained(out)
    tokenizer.save_pretrained(out)
    models.merge(out / "config.json", sbert_ce_default_activation_function=None)


# --- all of it


def scores(model, pairs=PAIRS):
    """The scores of `pairs` in one padded batch."""
    return model.predict(pairs, batch_size=len(pairs), show_progress_bar=False)


def noise(directory, model, found):
    """By how much the scores depend on padding, kernel and precision; so much that a wrong one could hide fails."""
    assert np.isfinite(found).all()
    alone = np.concatenate([scores(model, [pair]) for pair in PAIRS])
    wide, eager = (load(directory, **how) for how in ({"dtype": "float64"}, {"attn_implementation": "eager"}))
    most = max(checks.difference(other, found) for other in (alone, scores(wide), scores(eager)))
    assert most < checks.NOISE, most
    return most


def item(model, pair, score):
    prompt = model.prompts.get(model.default_prompt_name) or ""
    features = model.preprocess([pair], prompt=prompt)
    ids = features["input_ids"].flatten().tolist()
    types = features["token_type_ids"].flatten().tolist() if "token_type_ids" in features else [0] * len(ids)
    return {"query": pair[0], "passage": pair[1], "ids": ids, "types": types, "score": float(f"{score:.9g}")}


def write(out, name, model, items):
    versions = {m.__name__: m.__version__ for m in (sentence_transformers, transformers, torch)}
    head = {"model": name, "versions": versions, "max_seq_length": model.max_seq_length}
    text = json.dumps({**head, "items": items}, ensure_ascii=False)
    out.write_text(text + "\n", encoding="utf-8")


def make(name):
    directory = ROOT / name
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    MODELS[name].make(directory)
    models.tidy(directory)
    model = load(directory)
    found = scores(model)
    most = noise(directory, model, found)
    checks.tensors(load, directory, found, of=scores, unseen=UNSEEN)
    checks.settings(MODELS[name], directory, found, of=scores)
    items = [item(model, pair, score) for pair, score in zip(PAIRS, found)]
    assert max(len(one["ids"]) for one in items) == model.max_seq_length
    write(directory.with_suffix(".json"), name, model, items)
    assert models.size(directory) < models.LARGEST_BYTES, (name, models.size(directory))
    print(f"{name}: {models.size(directory)} bytes, {len(items)} pairs, noise {most:.1e}")


def main():
    names = sys.argv[1:] or list(MODELS)
    if not set(names) <= set(MODELS):
        sys.exit(__doc__)
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    # it warns at every load of what these models have on purpose
    logging.getLogger("sentence_transformers").setLevel(logging.ERROR)
    # sums in one order, so that a second run writes the same bytes
    torch.set_num_threads(1)
    for name in names:
        make(name)


if __name__ == "__main__":
    main()
