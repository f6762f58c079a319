#!/usr/bin/env python3
"""A local language model beside llama.cpp on the same file, in turn: tokens a second read and written, and the ratios.

usage: bench/chat/local.py MODEL.gguf [--threads 2] [--words 400] [--tokens 64] [--turns 3]
needs: cargo; pip install xllamacpp   (llama.cpp in a wheel; its build decides which instructions it uses, and is printed)
Each peer runs in a process of its own, one after the other, TURNS times, and each does the same: reads one conversation of
about WORDS words and writes up to TOKENS tokens at a temperature of 0. Rates are those of the best turn; loading is left out.
The ratio is qiao's rate by llama.cpp's: above 1 qiao is quicker.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

SENTENCE = "The little river ran past the mill and the old bridge, where people met on market days. "


def question(words):
    return SENTENCE * max(1, words // len(SENTENCE.split())) + "Tell a long story about this place."


def llama_cpp(model, path, tokens, threads):
    """One turn of llama.cpp, printed as JSON; in a process of its own."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = model
    params.n_ctx = 4096
    params.n_parallel = 1
    params.n_gpu_layers = 0
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    server = xllamacpp.Server(params)
    messages = [{"role": "user", "content": open(path, encoding="utf-8").read()}]
    answer = server.handle_chat_completions(
        {"messages": messages, "max_tokens": tokens, "temperature": 0, "cache_prompt": False}
    )
    timings = answer["timings"]
    print(
        json.dumps(
            {
                "prompt_tokens": timings["prompt_n"],
                "prompt_per_second": timings["prompt_per_second"],
                "reply_tokens": timings["predicted_n"],
                "reply_per_second": timings["predicted_per_second"],
                "text": answer["choices"][0]["message"]["content"],
                "build": f"xllamacpp {xllamacpp.__version__}: {xllamacpp.get_system_info()}",
            }
        ),
        flush=True,
    )
    # the server's threads do not end by themselves
    os._exit(0)


def run(command, threads):
    environment = os.environ | {"RAYON_NUM_THREADS": str(threads)}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("model")
    arguments.add_argument("--threads", type=int, default=2)
    arguments.add_argument("--words", type=int, default=400)
    arguments.add_argument("--tokens", type=int, default=64)
    arguments.add_argument("--turns", type=int, default=3)
    given = arguments.parse_args()
    build = ["cargo", "build", "--release", "-p", "qiao-model", "--example", "generate"]
    subprocess.run(build, check=True)
    target = os.environ.get("CARGO_TARGET_DIR", "target")
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write(question(given.words))
        file.flush()
        rest = [given.model, file.name, str(given.tokens)]
        peers = {
            "qiao": [os.path.join(target, "release/examples/generate"), *rest],
            "llama.cpp": [sys.executable, __file__, "--peer", *rest, str(given.threads)],
        }
        turns = {name: [] for name in peers}
        for _ in range(given.turns):
            for name, command in peers.items():
                turns[name].append(run(command, given.threads))
    best = {
        name: {kind: max(turn[kind] for turn in all) for kind in ("prompt_per_second", "reply_per_second")}
        for name, all in turns.items()
    }
    for name, all in turns.items():
        last = all[-1]
        print(
            f"{name:10} read {last['prompt_tokens']} tokens at {best[name]['prompt_per_second']:.1f}/s, "
            f"wrote {last['reply_tokens']} at {best[name]['reply_per_second']:.1f}/s"
        )
    for kind in ("prompt_per_second", "reply_per_second"):
        print(f"ratio {kind}: {best['qiao'][kind] / best['llama.cpp'][kind]:.2f}")
    print(f"llama.cpp: {turns['llama.cpp'][-1]['build']}")
    print(f"qiao: loaded in {turns['qiao'][-1]['load_ms']:.0f} ms, {turns['qiao'][-1]['peak_rss_mb']} MB at most")


if sys.argv[1:2] == ["--peer"]:
    llama_cpp(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
else:
    main()
