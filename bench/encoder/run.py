#!/usr/bin/env python3
"""The encoder beside its Python peers on the same texts, in one run: rates, ratios, and the share of the FMA peak.

usage: bench/encoder/run.py MODEL_DIR TEXTS.txt [TEXTS.txt ...] [--lines 250] [--rounds 3] [--turns 2]
needs: cargo; pip install sentence-transformers onnx onnxscript onnxruntime openvino nncf   (a peer whose package is missing is left out)
Every peer runs in a process of its own, one after another, TURNS times; rates are the best turn's median of ROUNDS rounds, loading
left out, tokens counted without padding. `query` is the median of 200 encodings of one text of 20 tokens. The ONNX graph is
exported once, fused as ONNX Runtime's own optimiser does, and kept in the temp folder.
"""
import argparse
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
PEERS = ["sentence-transformers", "onnxruntime-f32", "onnxruntime-int8", "openvino-f32", "openvino-int8"]
THREADS = os.cpu_count()


def read(path, lines):
    return [line for line in open(path, encoding="utf-8").read().splitlines() if line.strip()][:lines]


def timed(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def graph_path(model_dir, kind):
    name = os.path.basename(os.path.realpath(model_dir))
    return os.path.join(tempfile.gettempdir(), f"{name}.{kind}.onnx")


def export(model_dir):
    """The encoder as an ONNX graph, plain and fused (attention, bias-GELU, skip-LayerNorm)."""
    import torch
    from onnxruntime.transformers import optimizer
    from transformers import AutoModel

    class Hidden(torch.nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner

        def forward(self, input_ids, attention_mask, token_type_ids):
            given = {"input_ids": input_ids, "attention_mask": attention_mask, "token_type_ids": token_type_ids}
            return self.inner(**given).last_hidden_state

    inner = AutoModel.from_pretrained(model_dir, attn_implementation="eager").eval()
    inner.pooler = None
    ids = torch.ones(2, 8, dtype=torch.long)
    names = ["input_ids", "attention_mask", "token_type_ids"]
    axes = {name: {0: "batch", 1: "tokens"} for name in [*names, "last_hidden_state"]}
    plain = graph_path(model_dir, "plain")
    torch.onnx.export(Hidden(inner), (ids, ids, torch.zeros_like(ids)), plain, input_names=names, dynamo=False,
                      output_names=["last_hidden_state"], dynamic_axes=axes, opset_version=17)
    config = inner.config
    fused = optimizer.optimize_model(plain, model_type="bert", num_heads=config.num_attention_heads,
                                     hidden_size=config.hidden_size)
    fused.save_model_to_file(graph_path(model_dir, "fused"))


def graph(model_dir, kind):
    path = graph_path(model_dir, kind)
    if not os.path.exists(path):
        if kind == "int8":
            import onnx
            from onnxruntime.quantization import QuantType, quantize_dynamic
            quantize_dynamic(graph(model_dir, "fused"), path, per_channel=True, weight_type=QuantType.QUInt8,
                             extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT})
        else:
            export(model_dir)
    return path


def session(name, model_dir):
    """What gives the hidden states of a padded batch."""
    if name.startswith("onnxruntime"):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        path = graph(model_dir, "int8" if name.endswith("int8") else "fused")
        run = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        return lambda feed: run.run(None, {i.name: feed[i.name].astype("int32" if "int32" in i.type else "int64")
                                           for i in run.get_inputs()})[0]
    import openvino
    core = openvino.Core()
    model = core.read_model(graph(model_dir, "plain"))
    if name.endswith("int8"):
        import nncf
        from tokenizers import Tokenizer
        tokenizer = Tokenizer.from_file(os.path.join(model_dir, "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(128)
        texts = [f"The {a} of a {b}." for a in ["bridge", "toll", "river"] for b in ["town", "horse", "king", "city"]]
        sample = nncf.Dataset([batch(tokenizer, [text])[0] for text in texts])
        model = nncf.quantize(model, sample, model_type=nncf.ModelType.TRANSFORMER)
    compiled = core.compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": THREADS, "INFERENCE_PRECISION_HINT": "f32"})
    return lambda feed: compiled(feed)[0]


def batch(tokenizer, texts):
    import numpy as np
    ids = [encoded.ids for encoded in tokenizer.encode_batch(texts)]
    tokens = np.zeros((len(ids), max(map(len, ids))), np.int64)
    mask = np.zeros_like(tokens)
    for row, own in enumerate(ids):
        tokens[row, :len(own)], mask[row, :len(own)] = own, 1
    return {"input_ids": tokens, "attention_mask": mask, "token_type_ids": np.zeros_like(tokens)}, mask


def encoder(name, model_dir, limit):
    if name == "sentence-transformers":
        import torch
        from sentence_transformers import SentenceTransformer
        torch.set_num_threads(THREADS)
        model = SentenceTransformer(model_dir, device="cpu")
        return lambda texts: model.encode(texts, batch_size=8, normalize_embeddings=True)
    import numpy as np
    from tokenizers import Tokenizer
    tokenizer = Tokenizer.from_file(os.path.join(model_dir, "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(limit)
    hidden_of = session(name, model_dir)

    def encode(texts, size=8):
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        out = [None] * len(texts)
        for at in range(0, len(order), size):
            rows = order[at:at + size]
            feed, mask = batch(tokenizer, [texts[i] for i in rows])
            hidden = hidden_of(feed)
            weight = mask[:, :, None].astype(np.float32)
            pooled = (hidden * weight).sum(1) / weight.sum(1)
            pooled /= np.linalg.norm(pooled, axis=1, keepdims=True)
            for i, vector in zip(rows, pooled):
                out[i] = vector
        return np.stack(out)

    return encode


def peer(name, model_dir, path, lines, rounds):
    """Runs one peer, here, and prints what it did."""
    from tokenizers import Tokenizer
    limit = json.load(open(os.path.join(model_dir, "sentence_bert_config.json")))["max_seq_length"]
    tokenizer = Tokenizer.from_file(os.path.join(model_dir, "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(limit)
    texts = read(path, lines)
    encoded = tokenizer.encode_batch(texts)
    tokens = sum(len(one.ids) for one in encoded)
    query = tokenizer.decode(encoded[0].ids[1:19])
    encode = encoder(name, model_dir, limit)
    vectors = encode(texts[:32])
    seconds = statistics.median(timed(lambda: encode(texts)) for _ in range(rounds))
    encode([query])
    query_ms = 1e3 * statistics.median(timed(lambda: encode([query])) for _ in range(200))
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"peer": name, "tokens_per_second": round(tokens / seconds), "query_ms": round(query_ms, 2),
                      "peak_rss_mb": rss, "first": [float(v) for v in vectors[0][:3]]}))


def run(command):
    ran = subprocess.run(command, capture_output=True, text=True)
    lines = [line for line in ran.stdout.splitlines() if line.startswith("{")]
    if ran.returncode != 0 or not lines:
        last = (ran.stderr.strip().splitlines() or ["no output"])[-1]
        print(f"  left out: {' '.join(command[:3])}: {last}", file=sys.stderr)
        return None
    return json.loads(lines[-1])


def cargo(package, example, *arguments):
    built = subprocess.run(["cargo", "build", "--quiet", "--release", "-p", package, "--example", example,
                            "--message-format=json"], check=True, capture_output=True, text=True)
    paths = [json.loads(line).get("executable") for line in built.stdout.splitlines()]
    return [next(path for path in paths if path), *arguments]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model_dir")
    parser.add_argument("texts", nargs="+")
    parser.add_argument("--lines", type=int, default=250)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.peer:
        return peer(asked.peer, asked.model_dir, asked.texts[0], asked.lines, asked.rounds)
    ours = cargo("qiao-model", "encoder_speed")
    peaks = subprocess.run(cargo("qiao-vecmath", "speed"), check=True, capture_output=True, text=True).stdout
    peak = max(float(rate) for rate in re.findall(r"of ([\d.]+) GFLOP/s", peaks))
    print(f"FMA peak of one thread: {peak:.0f} GFLOP/s; threads: {THREADS}")
    config = json.load(open(os.path.join(asked.model_dir, "config.json")))
    width, inner, layers = config["hidden_size"], config["intermediate_size"], config["num_hidden_layers"]
    flop = 2 * layers * width * (4 * width + 2 * inner)
    for path in asked.texts:
        best = {}
        with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as some:
            some.write("\n".join(read(path, asked.lines)) + "\n")
            some.flush()
            for _ in range(asked.turns):
                commands = {f"qiao-{p}": [*ours, asked.model_dir, some.name, p, str(asked.rounds)] for p in ["f32", "int8"]}
                options = ["--lines", str(asked.lines), "--rounds", str(asked.rounds)]
                commands |= {p: [sys.executable, __file__, asked.model_dir, some.name, *options, "--peer", p] for p in PEERS}
                for name, command in commands.items():
                    got = run(command)
                    if got and got["tokens_per_second"] > best.get(name, {}).get("tokens_per_second", 0):
                        got["query_ms"] = min(got["query_ms"], best.get(name, got)["query_ms"])
                        best[name] = got
                    elif got:
                        best[name]["query_ms"] = min(got["query_ms"], best[name]["query_ms"])
        print(f"\n{os.path.basename(path)}, {asked.lines} lines")
        print(f"{'':22} tokens/s  of ORT f32  of ST   of FMA peak  query ms  of ORT f32  peak MB")
        against = {p: best.get(p, {}) for p in ["onnxruntime-f32", "sentence-transformers"]}
        for name, got in best.items():
            rate, query = got["tokens_per_second"], got["query_ms"]
            of = {p: rate / a["tokens_per_second"] if a else float("nan") for p, a in against.items()}
            query_of = query / against["onnxruntime-f32"]["query_ms"] if against["onnxruntime-f32"] else float("nan")
            share = 100 * rate * flop / (peak * 1e9 * THREADS)
            print(f"{name:22} {rate:8}  {of['onnxruntime-f32']:10.2f}  {of['sentence-transformers']:5.2f}  {share:10.0f}%  "
                  f"{query:8.2f}  {query_of:10.2f}  {got['peak_rss_mb']:7}")


if __name__ == "__main__":
    main()
