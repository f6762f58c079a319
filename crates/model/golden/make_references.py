#!/usr/bin/env python3
"""Golden texts through Python's sentence-transformers, which `qiao model verify` and the tests hold qiao against.

usage: make_references.py MODEL_DIR      writes NAME.json beside this script; NAME is MODEL_DIR's last part
       (`qiao model list` says where models lie)
ids include the special tokens and are cut as the model cuts them; vectors are float32, nine significant digits. A model
with prompts encodes some texts in both roles.
needs: sentence-transformers 6
"""
import json
import os
import sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import sentence_transformers  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402

TEXTS = [
    "a happy person",
    "",
    " \n\t ",
    "Hello, WORLD! naïve Straße ﬁne ½ full　width　ＡＢＣ",
    "桥是连接符号与连续的一座桥梁。繁體中文也可以。",
    "中文 mixed with English, 数字 123, and 日本語の文章",
    "🦀🇨🇭 emoji, zero\u200bwidth, soft\u00adhyphen, nul\u0000 and e\u0301 combining",
    "GB/T 7714 v2.5.1 snake_case user@example.org 3.14159 1,000,000 a-b—c",
    "word " * 700,
    "向量" * 600,
]
# enough to see that the other role has its own prompt
PASSAGES = [0, 1, 4, 9]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    directory = sys.argv[1]
    # float32 whatever the checkpoint's own type
    model = sentence_transformers.SentenceTransformer(directory, device="cpu", model_kwargs={"dtype": "float32"})
    prompts = {"query": model.prompts.get("query") or "", "passage": model.prompts.get("passage") or ""}
    items = []
    for role, text in jobs(prompts, TEXTS, PASSAGES):
        whole = prompts[role] + text
        ids = model.tokenizer(whole, truncation=True, max_length=model.max_seq_length)["input_ids"]
        vector = model.encode([whole], prompt="", convert_to_numpy=True)[0]
        items.append(item(role, text, ids, vector))
    name = os.path.basename(os.path.normpath(directory))
    out = os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".json")
    write(out, name, prompts, model.max_seq_length, items)
    print(f"{out}: {len(items)} texts")


def jobs(prompts, texts, passages):
    """The role and text of every item: all `texts` as queries, those at `passages` again where that differs."""
    again = [("passage", texts[i]) for i in passages] if prompts["query"] != prompts["passage"] else []
    return [("query", text) for text in texts] + again


def item(role, text, ids, vector):
    return {"role": role, "text": text, "ids": ids, "vector": [float(f"{x:.9g}") for x in vector]}


def write(out, model, prompts, limit, items):
    """Writes the references of the model called `model`; `limit` is its max_seq_length."""
    versions = {m.__name__: m.__version__ for m in (sentence_transformers, transformers, torch)}
    head = {"model": model, "versions": versions, "prompts": prompts, "max_seq_length": limit}
    with open(out, "w", encoding="utf-8") as file:
        json.dump({**head, "items": items}, file, ensure_ascii=False)
        file.write("\n")


if __name__ == "__main__":
    main()
