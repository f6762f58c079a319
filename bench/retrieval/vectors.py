#!/usr/bin/env python3
"""The vector index beside FAISS and hnswlib on the same vectors, in one run: recall, time of a query, time to build, ratios.

usage: bench/retrieval/vectors.py VECTORS.npy QUERIES.npy [--made 200000 1000000] [--rounds 5] [--peers ...] [--work DIR]
needs: cargo; pip install faiss-cpu hnswlib numpy   (a peer whose package is missing is left out)
VECTORS and QUERIES hold unit vectors, one a row (`qiao embed --format npy`). Measured are all of VECTORS, and for each number
after --made as many vectors made of them, each at a cosine of 0.75 to 0.9 to a row drawn by chance. Every index is built with
all threads and searched with one, a query at a time. A peer takes the quickest of its settings that finds 99 of 100 of the
true best ten (the last, where none does); ours takes its usual effort. Then each answers all queries, one peer after another,
ROUNDS times: p50 and p95 are the medians of the rounds'. All score their candidates with the vectors in memory.
"""
import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

THREADS = os.cpu_count()
K, WANTED, MORE, LINKS, LISTS = 10, 0.99, 10_000, 32, 2
PEERS = ["faiss-ivf-rabitq", "faiss-hnsw32", "hnswlib-m16"]


def timed(work):
    start = time.perf_counter()
    out = work()
    return time.perf_counter() - start, out


def make(vectors, count, path):
    """Writes `count` noisy copies of rows of `vectors`."""
    chance = np.random.default_rng(1)
    with open(path, "wb") as file:
        for at in range(0, count, 50_000):
            rows = vectors[chance.integers(0, len(vectors), min(50_000, count - at))]
            cosine = chance.uniform(0.75, 0.9, (len(rows), 1)).astype(np.float32)
            noise = chance.standard_normal(rows.shape, dtype=np.float32)
            noise -= (noise * rows).sum(1, keepdims=True) * rows
            noise /= np.linalg.norm(noise, axis=1, keepdims=True)
            (cosine * rows + np.sqrt(1 - cosine * cosine) * noise).astype(np.float32).tofile(file)


def truth(vectors, queries):
    scores, keys = np.zeros((len(queries), 0), np.float32), np.zeros((len(queries), 0), np.int64)
    for at in range(0, len(vectors), 100_000):
        new = queries @ vectors[at:at + 100_000].T
        best = np.argpartition(-new, K, 1)[:, :K]
        scores = np.concatenate([scores, np.take_along_axis(new, best, 1)], 1)
        keys = np.concatenate([keys, best + at], 1)
        order = np.argsort(-scores, 1, kind="stable")[:, :K]
        scores, keys = np.take_along_axis(scores, order, 1), np.take_along_axis(keys, order, 1)
    return [set(row) for row in keys.tolist()]


def recall(found, true):
    return statistics.mean(len(one.intersection(keys)) / K for keys, one in zip(found, true))


class Ours:
    """The example program of the crate, which is told what to do on its standard input."""

    def __init__(self, paths, dimension, rows):
        built = subprocess.run(["cargo", "build", "--quiet", "--release", "-p", "qiao-vecmath", "--example", "ivf_speed",
                                "--message-format=json"], check=True, capture_output=True, text=True)
        program = next(filter(None, (json.loads(line).get("executable") for line in built.stdout.splitlines())))
        self.index, self.rows = os.path.join(paths["work"], "index"), rows
        command = [program, paths["vectors"], paths["queries"], str(dimension), self.index]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def build(self):
        self.built = self.ask(f"build {THREADS} {self.rows}")
        return self.built["seconds"]

    settings = ["usual"]

    def set(self, setting):
        pass

    def search(self, queries, share=1.0):
        self.last = self.ask(f"search {K} {share} - - -")
        return self.last["us"], self.last["keys"]

    def append(self):
        return self.ask(f"append {THREADS} {self.rows}")["seconds"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Faiss:
    def __init__(self, vectors):
        import faiss
        self.faiss, self.vectors = faiss, vectors

    def search(self, queries):
        self.faiss.omp_set_num_threads(1)
        times, keys = [], []
        for query in queries:
            start = time.perf_counter()
            _, found = self.index.search(query[None], K)
            times.append((time.perf_counter() - start) * 1e6)
            keys.append(found[0].tolist())
        return times, keys


class FaissIvf(Faiss):
    settings = list(itertools.product([8, 16, 32, 48, 64, 96, 128, 192, 256], [5, 10, 20, 40]))

    def build(self):
        count, dimension = self.vectors.shape
        # half of ours: more would take it much longer to build
        lists = max(1, round(LISTS * count ** 0.5))
        self.faiss.omp_set_num_threads(THREADS)
        self.coarse = self.faiss.IndexFlatIP(dimension)
        self.ivf = self.faiss.IndexIVFRaBitQFastScan(self.coarse, dimension, lists, self.faiss.METRIC_INNER_PRODUCT)

        def work():
            self.ivf.train(self.vectors)
            self.ivf.add(self.vectors)

        seconds, _ = timed(work)
        self.index = self.faiss.IndexRefineFlat(self.ivf, self.faiss.swig_ptr(self.vectors))
        return seconds

    def set(self, setting):
        self.ivf.nprobe, self.index.k_factor = setting


class FaissHnsw(Faiss):
    settings = [16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768]

    def build(self):
        self.faiss.omp_set_num_threads(THREADS)
        self.index = self.faiss.IndexHNSWFlat(self.vectors.shape[1], LINKS, self.faiss.METRIC_INNER_PRODUCT)
        return timed(lambda: self.index.add(self.vectors))[0]

    def set(self, setting):
        self.index.hnsw.efSearch = setting


class Hnswlib:
    settings = FaissHnsw.settings

    def __init__(self, vectors):
        import hnswlib
        self.vectors = vectors
        self.index = hnswlib.Index("ip", vectors.shape[1])

    def build(self):
        # M links a layer, twice as many in the lowest
        self.index.init_index(len(self.vectors), M=LINKS // 2, ef_construction=100)
        return timed(lambda: self.index.add_items(self.vectors, num_threads=THREADS))[0]

    def set(self, setting):
        self.index.set_ef(setting)

    def search(self, queries):
        self.index.set_num_threads(1)
        times, keys = [], []
        for query in queries:
            start = time.perf_counter()
            found, _ = self.index.knn_query(query, K, num_threads=1)
            times.append((time.perf_counter() - start) * 1e6)
            keys.append(found[0].tolist())
        return times, keys


KINDS = dict(zip(PEERS, [FaissIvf, FaissHnsw, Hnswlib]))


def calibrate(peer, queries, true):
    """Sets the quickest setting that finds enough, or the last."""
    best = None
    for setting in peer.settings:
        peer.set(setting)
        times, found = peer.search(queries)
        median = statistics.median(times)
        if best and median > 1.5 * best[0]:
            break
        if recall(found, true) >= WANTED and (best is None or median < best[0]):
            best = median, setting
    setting = best[1] if best else peer.settings[-1]
    peer.set(setting)
    return setting


def rounds(peers, queries, true, count):
    """Every peer in turn: what it found, and the medians of its rounds' p50 and p95 in microseconds."""
    times = {name: [] for name in peers}
    got = {}
    for _ in range(count):
        for name, peer in peers.items():
            taken, found = peer.search(queries)
            times[name].append(np.percentile(taken, [50, 95]))
            got[name] = recall(found, true)
    return {name: (got[name], *np.median(times[name], 0)) for name in peers}


def filtered(ours, queries, count):
    """How much longer a query takes whose filter keeps one of a hundred."""
    ratios = []
    for _ in range(count):
        all_of_them, few = ours.search(queries)[0], ours.search(queries, 0.01)[0]
        ratios.append(statistics.median(few) / statistics.median(all_of_them))
    return statistics.median(ratios)


def measure(paths, queries, rows, asked):
    shape = (rows, queries.shape[1])
    vectors = np.fromfile(paths["vectors"], np.float32, count=shape[0] * shape[1]).reshape(shape)
    true = truth(vectors, queries)
    ours = Ours(paths, queries.shape[1], rows)
    peers, builds, settings = {"qiao": ours}, {}, {}
    for name in asked.peers:
        try:
            peers[name] = KINDS[name](vectors)
        except ImportError as error:
            print(f"  left out: {name}: {error}", file=sys.stderr)
    for name, peer in peers.items():
        builds[name] = peer.build()
        settings[name] = calibrate(peer, queries, true)
        print(f"  {name}: built in {builds[name]:.1f} s, set to {settings[name]}", file=sys.stderr)
    print(f"\n{rows} vectors, {len(queries)} queries")
    print(f"{'':18} recall@10  p50 us  of qiao  p95 us  build s  of qiao  setting")
    figures = rounds(peers, queries, true, asked.rounds)
    for name, (got, p50, p95) in figures.items():
        of, build_of = p50 / figures["qiao"][1], builds[name] / builds["qiao"]
        print(f"{name:18} {got:9.4f}  {p50:6.0f}  {of:7.2f}  {p95:6.0f}  {builds[name]:7.1f}  {build_of:7.2f}  {settings[name]}")
    last, size = ours.last, os.path.getsize(ours.index) / 1e6
    print(f"qiao: file {size:.1f} MB, {ours.built['memory_mb']} MB beside the vectors to build; a query compares "
          f"{last['compared'] / len(queries):.0f} and rescores {last['rescored'] / len(queries):.0f}")
    print(f"qiao: a filter that keeps 1% takes {filtered(ours, queries, asked.rounds):.2f} of the time; "
          f"{MORE} more vectors take {ours.append():.2f} s")
    ours.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("vectors")
    parser.add_argument("queries")
    parser.add_argument("--made", type=int, nargs="*", default=[200_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", nargs="*", default=PEERS, choices=PEERS)
    parser.add_argument("--work", help="where large files go meanwhile")
    asked = parser.parse_args()
    vectors, queries = (np.load(path).astype(np.float32) for path in [asked.vectors, asked.queries])
    print(f"threads: {THREADS} to build, 1 to search; {queries.shape[1]} dimensions")
    for count in [len(vectors), *asked.made]:
        with tempfile.TemporaryDirectory(dir=asked.work) as work:
            paths = {"work": work, "vectors": os.path.join(work, "vectors"), "queries": os.path.join(work, "queries")}
            queries.tofile(paths["queries"])
            if count == len(vectors):
                # the first come again, for what is added
                np.concatenate([vectors, vectors[:MORE]]).tofile(paths["vectors"])
            else:
                make(vectors, count + MORE, paths["vectors"])
            measure(paths, queries, count, asked)


if __name__ == "__main__":
    main()
