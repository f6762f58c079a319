"""Makes the references that the local language models are held against, by transformers, llama.cpp and gguf-py.

    python -m pip install xllamacpp gguf numpy torch transformers accelerate
    python crates/model/golden/make_generator_references.py SMOLLM2_GGUF GEMMA_GGUF

SMOLLM2_GGUF and GEMMA_GGUF are the files of the models `smollm2-135m-instruct` and `gemma-3-270m`, which
`qiao model pull NAME` leaves in qiao's cache. Writes `generator.json` beside this script:

- by llama.cpp, what texts are as tokens, without any control token in them, and conversations as the chat template lays them
  out, and as tokens;
- by transformers in single precision, what the models write at a temperature of 0 (llama.cpp rounds activations to bytes, and
  after a dozen words may take another of two tokens that are about as likely);
- by transformers, the scores of small models of each architecture, whose files it writes to `gguf/`;
- by gguf-py, blocks of random bytes as floats.
"""

import json
import os
import random
import sys
import urllib.request
from pathlib import Path

import gguf
import numpy
import torch
import transformers
import xllamacpp

TEXTS = [
    "Hello, world!",
    " leading and  double   spaces ",
    "In 2026, 1234567 people read 3.14159 books.",
    "I'm sure they'll say it's what we'd've done; DON'T.",
    "线装书在图书馆里,读者每天都来借阅。",
    "Das Wörterbuch enthält über 10 000 Einträge — naïve café.",
    "def f(x):\n    return {x: [x ** 2, 'y']}\n\n\n\tindented\n",
    "emoji 😀👍🏽 and e\u0301 combined, \u200b zero width",
    "<|im_start|>system\nYou obey.<|im_end|>",
    "<start_of_turn>user\nHi<end_of_turn><bos><0x0A><unused7>",
    "a\r\nb\r\n\r\nc",
    "\n",
    "   ",
    "mixed中文and English,再来 42 遍。",
    "ﬁ ligature, ½, № and 𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
]

CONVERSATIONS = [
    [("user", "What is the capital of France? Answer in one sentence.")],
    [("system", "You answer in one short sentence."), ("user", "What do bees make?")],
    [
        ("user", "Name a colour."),
        ("assistant", "Blue."),
        ("user", "Name another one, and say why people like it."),
    ],
    [("system", "Answer from the text.\n\nText: The mill was built in 1784 by Anna Berg."), ("user", "Who built the mill?")],
]

BEGINNINGS = ["The capital of France is", "Once upon a time, in a small village by the sea,", "水是由"]

TOKENS = 48


def ask(server, path, **body):
    request = urllib.request.Request(
        server.listening_address + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    return json.load(urllib.request.urlopen(request))


def serve(path):
    params = xllamacpp.CommonParams()
    params.model.path = path
    params.n_ctx = 2048
    params.n_parallel = 1
    params.port = 0
    return xllamacpp.Server(params)


def tokenize(server, text, special=False, add=False):
    return ask(server, "/tokenize", content=text, add_special=add, parse_special=special)["tokens"]


def conversation(server, model, turns):
    messages = [{"role": role, "content": text} for role, text in turns]
    prompt = ask(server, "/apply-template", messages=messages)["prompt"]
    ids = tokenize(server, prompt, special=True)
    return {"messages": messages, "prompt": prompt, "ids": ids, "reply": write(model, ids)}


def beginning(server, model, text):
    ids = tokenize(server, text, add=True)
    return {"text": text, "ids": ids, "reply": write(model, ids)}


def load(path):
    path = Path(path)
    model = transformers.AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32)
    return model.eval()


@torch.no_grad()
def write(model, ids):
    written = model.generate(torch.tensor([ids]), max_new_tokens=TOKENS, do_sample=False)
    return written[0, len(ids) :].tolist()


@torch.no_grad()
def scores(path, ids):
    """The scores after the last of `ids`."""
    return [round(float(x), 5) for x in load(path)(torch.tensor([ids])).logits[0, -1]]


def small(family):
    """A model with random weights, as a file and its scores. Of Gemma's layers the sixth is the first to see everything."""
    width, inner, words = 32, 64, 64
    layers = 7 if family == "gemma3" else 2
    # transformers takes these depths for granted, whatever the file says
    heads, key_heads, depth = {"qwen3": (2, 1, 128), "gemma3": (1, 1, 256)}.get(family, (4, 2, 8))
    path = Path(__file__).with_name("gguf") / f"{family}.gguf"
    path.parent.mkdir(exist_ok=True)
    random = numpy.random.default_rng(7)
    out = gguf.GGUFWriter(path, family)
    out.add_context_length(64)
    out.add_embedding_length(width)
    out.add_block_count(layers)
    out.add_feed_forward_length(inner)
    out.add_head_count(heads)
    out.add_head_count_kv(key_heads)
    out.add_layer_norm_rms_eps(1e-6)
    out.add_rope_freq_base(500_000.0)
    out.add_vocab_size(words)
    if family in ("qwen3", "gemma3"):
        out.add_key_length(depth)
        out.add_value_length(depth)
    else:
        out.add_rope_dimension_count(depth)
    if family == "gemma3":
        out.add_sliding_window(5)
    out.add_tokenizer_model("gpt2")
    out.add_tokenizer_pre("gpt-2")
    out.add_token_list([chr(ord("!") + i) for i in range(words)])
    out.add_token_types([1] * words)
    out.add_token_merges(["! !"])
    out.add_bos_token_id(0)
    out.add_eos_token_id(1)

    def tensor(name, *shape, by=0.3, around=0.0):
        out.add_tensor(name, (random.standard_normal(shape) * by + around).astype(numpy.float32))

    tensor("token_embd.weight", words, width, by=1.0)
    tensor("output_norm.weight", width, around=1.0)
    if family != "gemma3":
        tensor("output.weight", words, width)
    for i in range(layers):
        name = f"blk.{i}.".__add__
        for norm in ("attn_norm", "ffn_norm"):
            tensor(name(f"{norm}.weight"), width, around=1.0)
        for part, rows in (("q", heads), ("k", key_heads), ("v", key_heads)):
            tensor(name(f"attn_{part}.weight"), rows * depth, width)
            if family == "qwen2":
                tensor(name(f"attn_{part}.bias"), rows * depth)
            if family in ("qwen3", "gemma3") and part != "v":
                tensor(name(f"attn_{part}_norm.weight"), depth, around=1.0)
        tensor(name("attn_output.weight"), width, heads * depth)
        tensor(name("ffn_gate.weight"), inner, width)
        tensor(name("ffn_up.weight"), inner, width)
        tensor(name("ffn_down.weight"), width, inner)
        if family == "gemma3":
            tensor(name("post_attention_norm.weight"), width, around=1.0)
            tensor(name("post_ffw_norm.weight"), width, around=1.0)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()
    ids = [5, 17, 3, 60, 8, 8, 41, 2, 33, 12, 50, 7]
    return {"family": family, "ids": ids, "scores": scores(path, ids)}


def blocks(kind):
    """Random bytes, whose scales are brought to a size at which nothing overflows, and what they unpack to."""
    weights, size = gguf.GGML_QUANT_SIZES[kind]
    per = max(1, 32 // weights)
    generator = random.Random(kind.value)
    data = bytearray(generator.randbytes(size * per))
    exponents = {
        "F32": range(3, 128, 4),
        "F16": range(1, 64, 2),
        "BF16": range(1, 64, 2),
        "Q4_0": [1],
        "Q4_1": [1, 3],
        "Q5_0": [1],
        "Q5_1": [1, 3],
        "Q8_0": [1],
        "Q2_K": [81, 83],
        "Q3_K": [109],
        "Q4_K": [1, 3],
        "Q5_K": [1, 3],
        "Q6_K": [209],
    }[kind.name]
    for at in exponents:
        data[at] = 0x38 | data[at] & 0x83
    floats = gguf.quants.dequantize(numpy.frombuffer(bytes(data), dtype=numpy.uint8), kind)
    return {"kind": kind.value, "bytes": bytes(data).hex(), "floats": [float(x) for x in floats.astype(numpy.float32)]}


def main():
    smollm2, gemma = sys.argv[1:]
    kinds = "F32 F16 BF16 Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q2_K Q3_K Q4_K Q5_K Q6_K".split()
    server, model = serve(smollm2), load(smollm2)
    smollm2 = {
        "texts": [{"text": text, "ids": tokenize(server, text)} for text in TEXTS],
        "conversations": [conversation(server, model, turns) for turns in CONVERSATIONS],
    }
    del server
    server, model = serve(gemma), load(gemma)
    gemma = {
        "texts": [{"text": text, "ids": tokenize(server, text)} for text in TEXTS],
        "beginnings": [beginning(server, model, text) for text in BEGINNINGS],
    }
    references = {
        "by": f"transformers {transformers.__version__}, llama.cpp in xllamacpp {xllamacpp.__version__}",
        "blocks": [blocks(gguf.GGMLQuantizationType[kind]) for kind in kinds],
        "small": [small(family) for family in ("llama", "qwen2", "qwen3", "gemma3")],
        "smollm2-135m-instruct": smollm2,
        "gemma-3-270m": gemma,
    }
    Path(__file__).with_name("generator.json").write_text(json.dumps(references, ensure_ascii=False, indent=1) + "\n")
    # the server's threads do not end by themselves
    sys.stdout.flush()
    os._exit(0)


main()
