"""One engine of others over one made collection, one step: cutting words, building the index, or asking.

    peers.py words COLLECTION
    peers.py build|ask ENGINE COLLECTION INDEX        ENGINE: fts5-trigram, fts5-words, bm25s, bm25s-numba

prints one JSON object. Run by compare.py, each step in a process of its own, so that memory is that step's alone. All
engines get the same: title, similar questions and answer as one text, and ten hits asked for. Words are jieba's.
"""

import json
import os
import sqlite3
import sys
import time

DEPTH = 10
WARM_UP = 200


def memory(name):
    """A line of /proc/self/status, in MB; 0 where there is no such file."""
    try:
        for line in open("/proc/self/status"):
            if line.startswith(name + ":"):
                return int(line.split()[1]) // 1024
    except OSError:
        pass
    return 0


def lines(collection, name):
    return open(os.path.join(collection, name), encoding="utf-8")


def texts(collection):
    for line in lines(collection, "corpus.jsonl"):
        entry = json.loads(line)
        yield "\n".join([entry["title"], *entry["similar"], entry["text"]])


def cut(text):
    import jieba

    return [word.lower() for word in jieba.cut(text) if any(c.isalnum() for c in word)]


def start_jieba():
    import logging

    import jieba

    jieba.setLogLevel(logging.WARNING)
    jieba.initialize()


def words(collection):
    start_jieba()
    begun = time.perf_counter()
    with open(os.path.join(collection, "words.txt"), "w", encoding="utf-8") as out:
        for text in texts(collection):
            out.write(" ".join(cut(text)) + "\n")
    return {"cut_s": time.perf_counter() - begun}


def any_of(terms):
    return " OR ".join('"' + term.replace('"', "") + '"' for term in dict.fromkeys(terms))


class Fts5:
    """SQLite's full-text index. Any term may match, best bm25() first."""

    def __init__(self, directory, by_words):
        self.by_words = by_words
        if by_words:
            start_jieba()
        self.database = sqlite3.connect(os.path.join(directory, "fts5.db"))

    def build(self, collection):
        tokenizer = "unicode61" if self.by_words else "trigram"
        rows = (line.rstrip("\n") for line in lines(collection, "words.txt")) if self.by_words else texts(collection)
        with self.database as database:
            database.execute(f"CREATE VIRTUAL TABLE entry USING fts5(text, content='', tokenize='{tokenizer}')")
            database.executemany("INSERT INTO entry (rowid, text) VALUES (?, ?)", enumerate(rows))
            database.execute("INSERT INTO entry (entry) VALUES ('optimize')")

    def first(self, question):
        terms = cut(question) if self.by_words else [question[at : at + 3] for at in range(len(question) - 2)]
        if not terms:
            return None
        query = "SELECT rowid FROM entry WHERE entry MATCH ? ORDER BY rank LIMIT ?"
        rows = self.database.execute(query, (any_of(terms), DEPTH)).fetchall()
        return rows[0][0] if rows else None


class Bm25s:
    """bm25s with its defaults; the scores of all documents lie ready in a sparse matrix."""

    def __init__(self, directory, backend):
        import bm25s

        start_jieba()
        self.bm25s, self.directory, self.backend = bm25s, os.path.join(directory, "bm25s"), backend
        self.retriever = None

    def build(self, collection):
        retriever = self.bm25s.BM25(backend=self.backend)
        retriever.index([line.split() for line in lines(collection, "words.txt")], show_progress=False)
        retriever.save(self.directory, show_progress=False)

    def open(self):
        self.retriever = self.bm25s.BM25.load(self.directory, load_corpus=False)
        self.retriever.backend = self.backend
        if self.backend == "numba":
            self.retriever.activate_numba_scorer()

    def first(self, question):
        terms = [word for word in cut(question) if word in self.retriever.vocab_dict]
        if not terms:
            return None
        documents, _ = self.retriever.retrieve([terms], k=DEPTH, show_progress=False)
        return int(documents[0][0])


def engine(name, directory):
    if name.startswith("fts5"):
        return Fts5(directory, by_words=name == "fts5-words")
    return Bm25s(directory, "numba" if name == "bm25s-numba" else "numpy")


def build(name, collection, directory):
    os.makedirs(directory, exist_ok=True)
    built = engine(name, directory)
    begun = time.perf_counter()
    built.build(collection)
    seconds = time.perf_counter() - begun
    size = sum(os.path.getsize(os.path.join(at, file)) for at, _, files in os.walk(directory) for file in files)
    return {"build_s": seconds, "index_mb": size / 2**20, "build_rss_mb": memory("VmHWM")}


def ask(name, collection, directory):
    right = dict(line.split("\t")[:2] for line in lines(collection, "qrels.tsv"))
    questions = [json.loads(line) for line in lines(collection, "queries.jsonl")]
    begun = time.perf_counter()
    opened = engine(name, directory)
    if name.startswith("bm25s"):
        opened.open()
    open_seconds = time.perf_counter() - begun
    for question in questions[:WARM_UP]:
        opened.first(question["text"])
    times, hits, cpu = [], 0, time.thread_time()
    for question in questions:
        asked = time.perf_counter()
        first = opened.first(question["text"])
        times.append(time.perf_counter() - asked)
        hits += f"e{first}" == right[question["id"]]
    cpu = time.thread_time() - cpu
    times.sort()
    at = lambda percent: times[-(-len(times) * percent // 100) - 1] * 1e3
    return {
        "hit@1": hits / len(questions),
        "queries_per_s": len(times) / sum(times),
        "p50_ms": at(50),
        "p99_ms": at(99),
        "cpu_ms": cpu / len(times) * 1e3,
        "open_s": open_seconds,
        "rss_mb": memory("VmRSS"),
        "own_mb": memory("RssAnon"),
    }


if __name__ == "__main__":
    step, *arguments = sys.argv[1:]
    print(json.dumps({"words": words, "build": build, "ask": ask}[step](*arguments)))
