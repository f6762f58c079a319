"""Models as Python loads them, each with its own library, under one face."""
import json
import pathlib
import shutil
import tempfile
import typing

import numpy as np
import torch
from model2vec import StaticModel
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import StaticEmbedding


class Encoder(typing.NamedTuple):
    """A loaded model, as far as references need it. Both functions are given a role and texts."""

    prompts: dict[str, str]
    limit: int | None
    ids: typing.Callable[[str, str], list[int]]
    vectors: typing.Callable[[str, list[str]], np.ndarray]
    # of sentence-transformers, where it is one
    model: SentenceTransformer | None = None


def load_sentence(directory, **how):
    model = SentenceTransformer(str(directory), device="cpu", model_kwargs={"dtype": "float32", **how})
    return sentence(model)


def sentence(model):
    # both names are always there; sentence-transformers takes no other for the two roles
    prompts = {"query": model.prompts["query"], "passage": model.prompts["document"]}

    def ids(role, text):
        return model.preprocess([text], prompt=prompts[role])["input_ids"].flatten().tolist()

    def vectors(role, texts):
        encode = {"query": model.encode_query, "passage": model.encode_document}[role]
        return encode(texts, batch_size=len(texts), show_progress_bar=False)

    return Encoder(prompts, limit(model), ids, vectors, model)


def load_default(directory, **how):
    """By a default prompt, which only `encode` puts before texts, and before those of either role."""
    found = load_sentence(directory, **how)
    prompt = found.model.prompts[found.model.default_prompt_name]

    def vectors(_, texts):
        return found.model.encode(texts, batch_size=len(texts), show_progress_bar=False)

    def ids(_, text):
        return found.model.preprocess([text], prompt=prompt)["input_ids"].flatten().tolist()

    return found._replace(prompts={"query": prompt, "passage": prompt}, ids=ids, vectors=vectors)


def limit(model):
    """Tokens of a text at most; a static table has the limit of its tokenizer, though it names none."""
    if isinstance(model[0], StaticEmbedding):
        truncation = model.tokenizer.truncation
        return truncation and truncation["max_length"]
    return model.max_seq_length if model.max_seq_length < 1 << 31 else None


def load_model2vec(directory):
    model = StaticModel.from_pretrained(directory)
    # as `encode` does before it tokenises
    characters = model.max_length and model.max_length * model.median_token_length

    def ids(_, text):
        return model.tokenize([text[:characters]])[0]

    return Encoder({"query": "", "passage": ""}, model.max_length, ids, lambda _, texts: model.encode(texts))


def load_as(translate):
    """Loads a directory whose config.json only the code of its makers reads, through transformers' own implementation:
    `translate` turns the one configuration into the other. The tensors' names transformers knows."""

    def load(directory, **how):
        with tempfile.TemporaryDirectory() as native:
            shutil.copytree(directory, native, dirs_exist_ok=True)
            original = json.loads((directory / "config.json").read_text(encoding="utf-8"))
            (pathlib.Path(native) / "config.json").write_text(json.dumps(translate(original)), encoding="utf-8")
            model = SentenceTransformer(native, device="cpu", model_kwargs={"dtype": "float32", **how})
            if original.get("rope_scaling"):
                stretch(model[0].model.rotary_emb, original)
            return sentence(model)

    return load


def stretch(rotary, config):
    """The "ntk" scaling of Alibaba's code, which transformers lacks: equation 6 of https://kexue.fm/archives/9706."""
    assert config["rope_scaling"]["type"] == "ntk" and rotary.inv_freq.dtype == torch.float32
    factor, depth = config["rope_scaling"]["factor"], 2 * len(rotary.inv_freq)
    exponents = torch.arange(0, depth, 2, dtype=torch.float32) / depth
    rotary.inv_freq = 1.0 / ((config["rope_theta"] * factor) ** exponents) / factor ** (2 / depth)
