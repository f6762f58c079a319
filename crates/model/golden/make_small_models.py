#!/usr/bin/env python3
"""Small models with random weights, of each architecture and with each module, and what Python makes of them.

usage: make_small_models.py [NAME...]      makes all of ../tests/models, or these
Each is a directory as sentence-transformers or model2vec saves one, or has saved one in former versions, with NAME.json
beside it: references as make_references.py writes them. small_checks.py shows that all tensors and settings matter to
them. Two runs write the same bytes.
needs: sentence-transformers 6.2, transformers 5.24 (which has GTE and Nomic BERT), model2vec 0.10
"""
import json
import logging
import math
import pathlib
import shutil
import sys
import tempfile
import typing
import zlib

# the neighbours are imported, and the tree is to stay as it is
sys.dont_write_bytecode = True
import make_references as references  # before all that could ask the Hub, which it forbids
import numpy as np
import small_checks as checks
import small_loading as loading
import small_tokenizers as tokenizers
import torch
import transformers
from model2vec import StaticModel
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense, Normalize, Transformer
from sentence_transformers.sentence_transformer.modules import Dropout, LayerNorm, Pooling, StaticEmbedding

ROOT = pathlib.Path(__file__).resolve().parent.parent / "tests" / "models"
# of a directory and its references together
LARGEST_BYTES = 200_000
# files that are not the first module's
OF_ALL_MODULES = ["modules.json", "config_sentence_transformers.json"]


class Small(typing.NamedTuple):
    make: typing.Callable[[pathlib.Path], None]
    load: typing.Callable[..., loading.Encoder]
    # file, name and another value of settings, which must change the vectors
    settings: list[tuple]
    # the same of settings that Python passes over, which must not
    ignored: list[tuple]


MODELS: dict[str, Small] = {}


def small(name, *settings, ignored=(), load=None):
    """Registers what writes the directory `name`."""

    def register(make):
        MODELS[name] = Small(make, load or loading.load_sentence, list(settings), list(ignored))
        return make

    return register


# --- making


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def dump(path, value):
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def normal(seed, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(zlib.crc32(seed.encode())))


def randomize(module, seed):
    """Numbers large enough that each matters: attention that prefers some tokens, biases that are not nothing."""
    tables = {id(m.weight) for m in module.modules() if isinstance(m, (torch.nn.Embedding, torch.nn.EmbeddingBag))}
    for name, parameter in module.named_parameters():
        drawn = normal(f"{seed}/{name}", *parameter.shape)
        if id(parameter) in tables:
            drawn *= 0.8
        elif parameter.dim() > 1:
            drawn *= 1.1 / math.sqrt(parameter.shape[-1])
        else:
            drawn = 0.3 * drawn + (1.0 if name.endswith("weight") else 0.0)
        parameter.data = drawn
    return module


def network(kind, seed, **settings):
    """A transformer of the model type `kind`."""
    config = transformers.AutoConfig.for_model(kind, **settings)
    return randomize(transformers.AutoModel.from_config(config), seed)


def save(out, transformer, tokenizer, after, **settings):
    """Saves a model of `transformer` and the modules `after` it, as sentence-transformers does."""
    with tempfile.TemporaryDirectory() as raw:
        transformer.save_pretrained(raw)
        tokenizer.save_pretrained(raw)
        first = Transformer(raw, model_kwargs={"dtype": "auto"})
    for i, module in enumerate(after):
        randomize(module, f"{out.name}/{i}")
    SentenceTransformer(modules=[first, *after], device="cpu", **settings).save(str(out), create_model_card=False)


def merge(path, **more):
    dump(path, {**read(path), **more})


def mislead(out, part, **settings):
    """Makes tokenizer.json say of `part` what its class does not take from there."""
    path = out / "tokenizer.json"
    merge(path, **{part: {**read(path)[part], **settings}})


def drop(path, *names):
    dump(path, {name: value for name, value in read(path).items() if name not in names})


def rename(out, change):
    """Renames the tensors."""
    path = out / "model.safetensors"
    save_file({change(name): tensor.clone() for name, tensor in load_file(path).items()}, path, metadata={"format": "pt"})


def move_first(out, folder):
    """Puts the first module into a folder of its own, as it was in former versions."""
    first, *rest = read(out / "modules.json")
    files = [path for path in out.iterdir() if path.is_file() and path.name not in OF_ALL_MODULES]
    (out / folder).mkdir()
    for path in files:
        path.rename(out / folder / path.name)
    dump(out / "modules.json", [{**first, "path": folder}, *rest])


def old_types(out):
    """The names that modules had until sentence-transformers 5.4."""
    path = out / "modules.json"
    dump(path, [{**row, "type": "sentence_transformers.models." + row["type"].rsplit(".", 1)[1]} for row in read(path)])


def old_pooling(out, width, *on):
    """The configuration of pooling until sentence-transformers 5.4."""
    flags = ["cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken"]
    chosen = {f"pooling_mode_{flag}": flag in on for flag in flags}
    dump(out / "1_Pooling" / "config.json", {"word_embedding_dimension": width, **chosen})


def tidy(out):
    """Takes away what depends on where and how this ran."""
    for path in out.rglob("tokenizer_config.json"):
        drop(path, "is_local", "local_files_only")
    for path in out.rglob("*.safetensors"):
        path.chmod(0o644)


# --- the models

PLAIN = {"num_hidden_layers": 2, "hidden_dropout_prob": 0.0, "layer_norm_eps": 0.03}
# settings of most transformers, with another value
EPSILON = ("config.json", "layer_norm_eps", 1e-12)
RELU = ("config.json", "hidden_act", "relu")
TANH = "torch.nn.modules.activation.Tanh"


def of_bert(seed, tokenizer, **settings):
    sizes = {"hidden_size": 30, "num_attention_heads": 3, "intermediate_size": 37}
    return network("bert", seed, vocab_size=len(tokenizer), **PLAIN, **sizes, **settings)


@small("bert", EPSILON, RELU, ("sentence_bert_config.json", "max_seq_length", 20))
def bert(out):
    """All in its oldest form: names of modules and of tensors, pooling, and what stands beside them."""
    tokenizer = tokenizers.bert(model_max_length=40)
    save(out, of_bert("bert", tokenizer, max_position_embeddings=40), tokenizer, [Pooling(30)])
    old_types(out)
    old_pooling(out, 30, "mean_tokens")
    rename(out, lambda name: "bert." + name.replace("Norm.weight", "Norm.gamma").replace("Norm.bias", "Norm.beta"))
    dump(out / "sentence_bert_config.json", {"max_seq_length": 24, "do_lower_case": False})
    versions = {"sentence_transformers": "2.0.0", "transformers": "4.7.0", "pytorch": "1.9.0+cu102"}
    dump(out / "config_sentence_transformers.json", {"__version__": versions})
    # transformers 4 wrote these
    merge(out / "config.json", architectures=["BertForMaskedLM"], position_embedding_type="absolute")


@small(
    "bert-bare",
    EPSILON,
    ("config.json", "hidden_act", "gelu"),
    ("tokenizer_config.json", "do_lower_case", False),
    ("tokenizer_config.json", "strip_accents", True),
    ("tokenizer_config.json", "tokenize_chinese_chars", False),
    ignored=[("tokenizer.json", "normalizer", tokenizers.normalizer(lowercase=True, strip_accents=False))],
)
def bert_bare(out):
    """Nothing of sentence-transformers, and in its place what this would pool by itself; the tokenizer's class makes
    its normalizer from tokenizer_config.json, whatever tokenizer.json says."""
    tokenizer = tokenizers.bert(strip_accents=False, model_max_length=30)
    of_bert("bert-bare", tokenizer, max_position_embeddings=36, hidden_act="gelu_new").save_pretrained(out)
    tokenizer.save_pretrained(out)
    other = {"clean_text": False, "handle_chinese_chars": False, "strip_accents": True, "lowercase": False}
    mislead(out, "normalizer", **other)


IN_FOLDER = "0_Transformer/sentence_bert_config.json"
CUT = {"direction": "Left", "max_length": 21, "strategy": "LongestFirst", "stride": 0}


@small(
    "bert-folder",
    (IN_FOLDER, "tokenizer_args", {"model_max_length": 31}),
    ("0_Transformer/tokenizer.json", "truncation", {**CUT, "direction": "Right"}),
    ignored=[
        (IN_FOLDER, "max_seq_length", 12),
        ("0_Transformer/tokenizer_config.json", "model_max_length", 12),
        ("0_Transformer/tokenizer.json", "truncation", {**CUT, "max_length": 12}),
    ],
)
def bert_folder(out):
    """The transformer in a folder; one of its four limits holds, and tokenizer.json alone says which side is cut."""
    tokenizer = tokenizers.bert(model_max_length=27)
    save(out, of_bert("bert-folder", tokenizer, max_position_embeddings=36), tokenizer, [Pooling(30)])
    old_types(out)
    move_first(out, "0_Transformer")
    dump(out / IN_FOLDER, {"max_seq_length": 24, "do_lower_case": False, "tokenizer_args": {"model_max_length": 33}})
    merge(out / "0_Transformer" / "tokenizer.json", truncation=CUT)


@small(
    "bert-head",
    ("tokenizer_config.json", "truncation_side", "right"),
    ("config_sentence_transformers.json", "prompts", {"query": "two ", "clustering": "under "}),
    ("3_Dense/config.json", "use_residual", False),
    ("3_Dense/config.json", "activation_function", TANH),
)
def bert_head(out):
    """Every module behind pooling; no limit of its own; a default prompt, which is for neither role."""
    tokenizer = tokenizers.bert(truncation_side="left")
    after = [
        Pooling(30, "lasttoken"),
        Dense(30, 17, bias=False, activation_function=None, use_residual=True),
        Dense(17, 17, activation_function=torch.nn.GELU(), use_residual=True),
        Dropout(0.1),
        LayerNorm(17),
    ]
    prompts = {"query": "one ", "document": "", "clustering": "under "}
    how = {"prompts": prompts, "default_prompt_name": "clustering", "similarity_fn_name": "dot", "truncate_dim": 11}
    save(out, of_bert("bert-head", tokenizer, max_position_embeddings=36), tokenizer, after, **how)
    drop(out / "tokenizer_config.json", "model_max_length")


BYTES = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}


@small(
    "roberta",
    EPSILON,
    RELU,
    ("1_Pooling/config.json", "pooling_mode", "mean"),
    ("tokenizer_config.json", "add_prefix_space", False),
    ignored=[("tokenizer.json", "pre_tokenizer", BYTES)],
)
def roberta(out):
    """The tokenizer's class takes from tokenizer_config.json that a text begins with a space."""
    tokenizer = tokenizers.roberta(add_prefix_space=True, model_max_length=50)
    sizes = {"hidden_size": 21, "num_attention_heads": 3, "intermediate_size": 41}
    positions = {"max_position_embeddings": 52, "type_vocab_size": 1}
    inner = network("roberta", "roberta", vocab_size=len(tokenizer), **PLAIN, **sizes, **positions)
    save(out, inner, tokenizer, [Pooling(21, "cls"), Normalize()])
    rename(out, lambda name: f"roberta.{name}")
    mislead(out, "pre_tokenizer", add_prefix_space=False)


@small("xlm-roberta", EPSILON, RELU, ("1_Pooling/config.json", "include_prompt", True))
def xlm_roberta(out):
    tokenizer = tokenizers.unigram(model_max_length=44)
    sizes = {"hidden_size": 26, "num_attention_heads": 2, "intermediate_size": 35}
    positions = {"max_position_embeddings": 46, "type_vocab_size": 1}
    inner = network("xlm-roberta", "xlm-roberta", vocab_size=len(tokenizer), **PLAIN, **sizes, **positions).half()
    pooling = Pooling(26, ["mean", "max"], include_prompt=False)
    save(out, inner, tokenizer, [pooling], prompts={"query": "the bank: ", "document": "one city: "})


def default_prompt(text):
    return ("config_sentence_transformers.json", "prompts", {"retrieval": text})


@small(
    "camembert",
    EPSILON,
    RELU,
    default_prompt("two "),
    ("sentence_bert_config.json", "processor_kwargs", {"model_max_length": 39}),
    ignored=[("sentence_bert_config.json", "max_seq_length", 12)],
    load=loading.load_default,
)
def camembert(out):
    """RoBERTa by another name; a default prompt and none for the roles, so that it stands before every text."""
    tokenizer = tokenizers.camembert(model_max_length=44)
    sizes = {"hidden_size": 22, "num_attention_heads": 2, "intermediate_size": 27}
    positions = {"max_position_embeddings": 46, "type_vocab_size": 1}
    inner = network("camembert", "camembert", vocab_size=len(tokenizer), **PLAIN, **sizes, **positions)
    save(out, inner, tokenizer, [Pooling(22)], prompts={"retrieval": "the bank: "}, default_prompt_name="retrieval")
    # sentence-transformers now writes an empty one for each role, too
    merge(out / "config_sentence_transformers.json", prompts={"retrieval": "the bank: "})
    merge(out / "sentence_bert_config.json", max_seq_length=20, processor_kwargs={"model_max_length": 41})


@small(
    "distilbert",
    ("config.json", "activation", "gelu"),
    ("sentence_distilbert_config.json", "do_lower_case", False),
    ("2_Dense/config.json", "activation_function", "torch.nn.modules.linear.Identity"),
    ignored=[("2_Dense/config.json", "activation_function", TANH)],
)
def distilbert(out):
    """For an activation that is not torch's own, sentence-transformers takes tanh."""
    tokenizer = tokenizers.bert(lower=False, model_max_length=32)
    sizes = {"dim": 27, "n_heads": 3, "hidden_dim": 35, "n_layers": 2, "max_position_embeddings": 32}
    inner = network("distilbert", "distilbert", vocab_size=len(tokenizer), activation="relu", **sizes)
    save(out, inner, tokenizer, [Pooling(27), Dense(27, 18), Normalize()])
    old_pooling(out, 27, "max_tokens")
    rename(out, lambda name: f"distilbert.{name}")
    (out / "sentence_bert_config.json").unlink()
    dump(out / "sentence_distilbert_config.json", {"max_seq_length": 31, "do_lower_case": True})
    merge(out / "2_Dense" / "config.json", activation_function="somebody.activations.Swish")


@small("mpnet", EPSILON, RELU)
def mpnet(out):
    """Long enough for every bucket of distances; the table has more rows than the 32 that transformers looks at."""
    tokenizer = tokenizers.mpnet(model_max_length=150)
    sizes = {"hidden_size": 24, "num_attention_heads": 4, "intermediate_size": 31, "max_position_embeddings": 152}
    sizes["relative_attention_num_buckets"] = 40
    inner = network("mpnet", "mpnet", vocab_size=len(tokenizer), **PLAIN, **sizes)
    save(out, inner, tokenizer, [Pooling(24, ["cls", "mean_sqrt_len_tokens"]), Normalize()])


def of_modernbert(seed, tokenizer, **settings):
    sizes = {"hidden_size": 18, "num_attention_heads": 3, "intermediate_size": 23, "max_position_embeddings": 90}
    ids = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("pad", "cls", "sep")}
    ids.update(bos_token_id=ids["cls_token_id"], eos_token_id=ids["sep_token_id"])
    near = {"local_attention": 8, "norm_eps": 0.03}
    return network("modernbert", seed, vocab_size=len(tokenizer), **sizes, **ids, **near, **settings)


@small(
    "modernbert",
    ("config.json", "norm_eps", 1e-5),
    ("config.json", "local_attention", 10),
    ("config.json", "hidden_activation", "relu"),
    ("config.json", "layer_types", ["full_attention"] * 4),
)
def modernbert(out):
    tokenizer = tokenizers.modernbert(model_max_length=90)
    thetas = {"full_attention": 1234.5, "sliding_attention": 77.0}
    ropes = {kind: {"rope_type": "default", "rope_theta": theta} for kind, theta in thetas.items()}
    biases = {"attention_bias": True, "mlp_bias": True, "norm_bias": True}
    inner = of_modernbert("modernbert", tokenizer, num_hidden_layers=4, rope_parameters=ropes, **biases)
    save(out, inner, tokenizer, [Pooling(18, "cls"), LayerNorm(18), Normalize()])


@small(
    "modernbert-old",
    ("config.json", "global_attn_every_n_layers", 3),
    ("config.json", "global_rope_theta", 160_000.0),
    ("config.json", "local_rope_theta", 10_000.0),
)
def modernbert_old(out):
    """As transformers 4 wrote it."""
    tokenizer = tokenizers.modernbert(model_max_length=90)
    ropes = {"global_rope_theta": 300.0, "local_rope_theta": 20.0}
    inner = of_modernbert("modernbert-old", tokenizer, num_hidden_layers=5, global_attn_every_n_layers=2, **ropes)
    save(out, inner, tokenizer, [Pooling(18), Normalize()])
    old_pooling(out, 18, "weightedmean_tokens", "lasttoken")
    drop(out / "config.json", "layer_types", "rope_parameters")
    merge(out / "config.json", global_attn_every_n_layers=2, **ropes)
    rename(out, lambda name: f"model.{name}")


NOMIC = {"hidden_size": 28, "num_attention_heads": 2, "intermediate_size": 33}
NOMIC_PROMPTS = {"query": "the bank: ", "document": "one city: "}
ROPE = {"rope_type": "default", "rope_theta": 500.0}


def of_nomic(tokenizer):
    positions = {"max_position_embeddings": 70, "rope_parameters": ROPE}
    return network("nomic_bert", "nomic-bert", vocab_size=len(tokenizer), **PLAIN, **NOMIC, **positions)


@small(
    "nomic-bert",
    EPSILON,
    RELU,
    ("config.json", "rope_parameters", {**ROPE, "rope_theta": 1000.0}),
    ("config_sentence_transformers.json", "prompts", {"query": "one ", "document": ""}),
)
def nomic_bert(out):
    """The configuration of transformers 5 and the tensors of Nomic's code, which is what transformers 5 saves."""
    tokenizer = tokenizers.bert(model_max_length=70)
    after = [Pooling(28), Normalize()]
    save(out, of_nomic(tokenizer), tokenizer, after, prompts=NOMIC_PROMPTS, truncate_dim=13)


@small("nomic-bert-native")
def nomic_bert_native(out):
    """The names of transformers 5 throughout."""
    nomic_bert(out)
    of_nomic(tokenizers.bert()).save_pretrained(out, save_original_format=False)


def from_nomic(config):
    """Nomic's configuration in the words of transformers 5."""
    assert config["activation_function"] == "swiglu"
    return {
        "model_type": "nomic_bert",
        "vocab_size": config["vocab_size"],
        "hidden_size": config["n_embd"],
        "num_attention_heads": config["n_head"],
        "num_hidden_layers": config["n_layer"],
        "intermediate_size": config["n_inner"],
        "hidden_act": "silu",
        "layer_norm_eps": config["layer_norm_epsilon"],
        "max_position_embeddings": config["n_positions"],
        "type_vocab_size": config["type_vocab_size"],
        "rope_parameters": {"rope_type": "default", "rope_theta": config["rotary_emb_base"]},
    }


@small(
    "nomic-bert-original",
    ("config.json", "layer_norm_epsilon", 1e-12),
    ("config.json", "rotary_emb_base", 1000),
    load=loading.load_as(from_nomic),
)
def nomic_bert_original(out):
    """The configuration and tensors of Nomic's code."""
    nomic_bert(out)
    config = {
        "activation_function": "swiglu",
        "architectures": ["NomicBertModel"],
        "causal": False,
        "layer_norm_epsilon": PLAIN["layer_norm_eps"],
        "mlp_fc1_bias": False,
        "mlp_fc2_bias": False,
        "model_type": "nomic_bert",
        "n_embd": NOMIC["hidden_size"],
        "n_head": NOMIC["num_attention_heads"],
        "n_inner": NOMIC["intermediate_size"],
        "n_layer": PLAIN["num_hidden_layers"],
        "n_positions": 70,
        "parallel_block": False,
        "prenorm": False,
        "qkv_proj_bias": False,
        "rotary_emb_base": 500,
        "rotary_emb_fraction": 1.0,
        "rotary_emb_interleaved": False,
        "rotary_scaling_factor": None,
        "type_vocab_size": 2,
        "use_rms_norm": False,
        "vocab_size": len(tokenizers.bert()),
    }
    dump(out / "config.json", config)


GTE = {"hidden_size": 36, "num_attention_heads": 3, "intermediate_size": 29, "max_position_embeddings": 64}
GTE_ROPE = ("config.json", "rope_parameters", {**ROPE, "rope_theta": 160_000.0})


def of_gte(seed, tokenizer, **settings):
    more = {"pad_token_id": tokenizer.pad_token_id, "rope_parameters": ROPE, **settings}
    return network("gte", seed, vocab_size=len(tokenizer), **PLAIN, **GTE, **more)


@small("gte", EPSILON, RELU, GTE_ROPE, ("1_Pooling/config.json", "include_prompt", True))
def gte(out):
    """The configuration of transformers 5 and the tensors of Alibaba's code, which is what transformers 5 saves."""
    tokenizer = tokenizers.bert(model_max_length=64)
    pooling = Pooling(36, ["lasttoken", "cls", "weightedmean"], include_prompt=False)
    save(out, of_gte("gte", tokenizer), tokenizer, [pooling], prompts={"query": "is it two banks? "})


@small("gte-native")
def gte_native(out):
    """The names of transformers 5 throughout."""
    gte(out)
    of_gte("gte", tokenizers.bert()).save_pretrained(out, save_original_format=False)


def from_new(config):
    """Alibaba's configuration in the words of transformers 5, but for the stretching of positions."""
    same = ["hidden_act", "layer_norm_eps", "num_hidden_layers", "pad_token_id", "type_vocab_size", "vocab_size", *GTE]
    rope = {"rope_type": "default", "rope_theta": config["rope_theta"]}
    return {"model_type": "gte", "rope_parameters": rope, **{name: config[name] for name in same}}


@small(
    "gte-original",
    EPSILON,
    RELU,
    ("config.json", "rope_theta", 10_000),
    ("config.json", "rope_scaling", {"factor": 8.0, "type": "ntk"}),
    load=loading.load_as(from_new),
)
def gte_original(out):
    """The configuration and tensors of Alibaba's code, without token types as in gte-base-en-v1.5, and stretched."""
    tokenizer = tokenizers.bert(model_max_length=64)
    save(out, of_gte("gte-original", tokenizer, type_vocab_size=0), tokenizer, [Pooling(36, "cls"), Normalize()])
    rename(out, lambda name: f"new.{name}")
    config = {
        "architectures": ["NewModel"],
        "hidden_act": "gelu",
        "layer_norm_type": "layer_norm",
        "logn_attention_clip1": False,
        "logn_attention_scale": False,
        "model_type": "new",
        "pack_qkv": True,
        "pad_token_id": tokenizer.pad_token_id,
        "position_embedding_type": "rope",
        "rope_scaling": {"factor": 4.0, "type": "ntk"},
        "rope_theta": 200,
        "type_vocab_size": 0,
        "vocab_size": len(tokenizer),
        **{name: PLAIN[name] for name in ("num_hidden_layers", "layer_norm_eps")},
        **GTE,
    }
    dump(out / "config.json", config)


def of_qwen3(seed, tokenizer, **settings):
    sizes = {"hidden_size": 22, "intermediate_size": 39, "max_position_embeddings": 60}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 6}
    rope = {"rope_type": "default", "rope_theta": 2000.0}
    # more rows than tokens, as in Qwen's own
    rest = {"vocab_size": len(tokenizer) + 11, "num_hidden_layers": 2, "rms_norm_eps": 0.03, "rope_parameters": rope}
    return network("qwen3", seed, **sizes, **heads, **rest, **settings)


@small(
    "qwen3",
    ("config.json", "rms_norm_eps", 1e-6),
    ("config.json", "hidden_act", "relu"),
    ("config.json", "rope_parameters", {"rope_type": "default", "rope_theta": 10_000.0}),
)
def qwen3(out):
    """Padded on the left, and its last token is the one that the tokenizer adds; its weights lie in several files."""
    tokenizer = tokenizers.qwen3(model_max_length=60)
    inner = of_qwen3("qwen3", tokenizer, attention_bias=True).to(torch.bfloat16)
    prompts = {"query": "Instruct: find the bank of the river\nQuery:", "document": ""}
    save(out, inner, tokenizer, [Pooling(22, "lasttoken"), Normalize()], prompts=prompts)
    (out / "model.safetensors").unlink()
    inner.save_pretrained(out, max_shard_size="20KB")
    assert len(list(out.glob("model-*.safetensors"))) > 1


@small(
    "qwen3-bidirectional",
    ("config.json", "is_causal", True),
    ("config.json", "max_window_layers", 1),
    ignored=[("config.json", "use_sliding_window", False)],
)
def qwen3_bidirectional(out):
    """Each token sees all others, as in some models made from Qwen3; a window that no layer has."""
    tokenizer = tokenizers.qwen3(model_max_length=60)
    window = {"use_sliding_window": True, "sliding_window": 8, "max_window_layers": 2}
    inner = of_qwen3("qwen3-bidirectional", tokenizer, is_causal=False, **window)
    save(out, inner, tokenizer, [Pooling(22), Normalize()])
    # transformers 4 did not always write them, and they follow from the window
    drop(out / "config.json", "layer_types")


@small("static")
def static(out):
    """Tokens that the vocabulary lacks count; no limit. The first module lies in a folder, as it did in former versions."""
    tokenizer = tokenizers.bert()
    module = StaticEmbedding(tokenizer, embedding_weights=normal("static", len(tokenizer), 19))
    how = {"prompts": {"query": "one ", "document": "two "}}
    SentenceTransformer(modules=[module, Normalize()], device="cpu", **how).save(str(out), create_model_card=False)
    move_first(out, "0_StaticEmbedding")


def save_model2vec(out, tokenizer, **settings):
    config = {"model_type": "model2vec", "architectures": ["StaticModel"], "hidden_dim": 19, "pooling": "mean"}
    rows = settings.pop("rows", len(tokenizer))
    vectors = normal(out.name, rows, 19).numpy()
    StaticModel(vectors, tokenizer.backend_tokenizer, config=config, **settings).save_pretrained(out)
    (out / "README.md").unlink(missing_ok=True)


@small("model2vec")
def model2vec(out):
    """With model2vec's own modules.json, by which sentence-transformers reads it: unknown tokens count."""
    save_model2vec(out, tokenizers.bert(), normalize=True, max_length=40)


@small("model2vec-bare", load=loading.load_model2vec)
def model2vec_bare(out):
    """Without modules.json only model2vec itself reads it: unknown tokens are left out, and long texts are cut twice."""
    save_model2vec(out, tokenizers.bert(), normalize=True, max_length=40)
    (out / "modules.json").unlink()


def quantised(tokenizer):
    """Ids that share rows, each with a weight of its own."""
    mapping = np.arange(len(tokenizer), dtype=np.int32) * 7 % 31
    weights = normal("weights", len(tokenizer)).numpy() + 2.0
    return {"rows": 31, "token_mapping": mapping, "weights": weights}


@small("model2vec-quantised", load=loading.load_model2vec)
def model2vec_quantised(out):
    """Rows that tokens share, without a limit; of a Unigram tokenizer, which knows the unknown by its number."""
    tokenizer = tokenizers.unigram()
    save_model2vec(out, tokenizer, max_length=None, **quantised(tokenizer))
    (out / "modules.json").unlink()


# --- all of it


def size(directory):
    files = [path for path in directory.rglob("*") if path.is_file()]
    return sum(path.stat().st_size for path in [*files, directory.with_suffix(".json")])


def make(name):
    directory = ROOT / name
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    MODELS[name].make(directory)
    tidy(directory)
    encoder = MODELS[name].load(directory)
    vectors = checks.everything(encoder)
    noise = checks.noise(encoder, lambda **how: MODELS[name].load(directory, **how), vectors)
    checks.tensors(MODELS[name].load, directory, vectors)
    checks.settings(MODELS[name], directory, vectors)
    jobs = references.jobs(encoder.prompts, checks.TEXTS, checks.PASSAGES)
    items = [references.item(role, text, encoder.ids(role, text), row) for (role, text), row in zip(jobs, vectors)]
    references.write(directory.with_suffix(".json"), name, encoder.prompts, encoder.limit, items)
    assert size(directory) < LARGEST_BYTES, (name, size(directory))
    print(f"{name}: {size(directory)} bytes, {len(items)} texts, noise {noise:.1e}")


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
