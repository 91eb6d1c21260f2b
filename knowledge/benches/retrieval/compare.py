"""The product's search beside others: the same made entries, the same questions, one run, one thread a question.

    compare.py --bench EXECUTABLE --work DIRECTORY [--sizes 5000,56000,500000] [--rounds 3] [--words-up-to 56000]
               [--questions 1000] [--json FILE]

EXECUTABLE is the built bench `retrieval` of the crate knowledge. Engines of Python that need words cut by jieba in
Python are left out above --words-up-to entries: cutting alone takes minutes there. Prints a table as Markdown.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))

ENGINES = {
    "product": "yikouwen, both stages",
    "tantivy": "tantivy + jieba, one field",
    "fts5-trigram": "SQLite FTS5 trigram",
    "fts5-words": "SQLite FTS5, jieba words",
    "bm25s": "bm25s (numpy), jieba words",
    "bm25s-numba": "bm25s (numba), jieba words",
}
BY_PYTHON_WORDS = ["fts5-words", "bm25s", "bm25s-numba"]

COLUMNS = [
    ("queries/s", "queries_per_s", "{:,.0f}"),
    ("p50 ms", "p50_ms", "{:.3f}"),
    ("p99 ms", "p99_ms", "{:.3f}"),
    ("CPU ms", "cpu_ms", "{:.3f}"),
    ("hit@1", "hit@1", "{:.3f}"),
    ("build s", "build_s", "{:.1f}"),
    ("index MB", "index_mb", "{:.0f}"),
    ("RSS MB asking", "rss_mb", "{:.0f}"),
    ("RSS MB building", "build_rss_mb", "{:.0f}"),
]


def step(command):
    out = subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(out.splitlines()[-1])


def say(text):
    print(time.strftime("%H:%M:%S"), text, file=sys.stderr, flush=True)


def command(options, engine, what, collection, index):
    ours = engine in ("product", "tantivy")
    start = [options.bench] if ours else [sys.executable, os.path.join(HERE, "peers.py")]
    return start + [what, engine, collection, index]


def measure(options, size, engines):
    collection = os.path.join(options.work, str(size))
    say(f"{size} entries are made")
    subprocess.run(
        [sys.executable, os.path.join(HERE, "generate.py"), str(size), str(options.questions), collection], check=True
    )
    cut_seconds = 0.0
    if any(engine in BY_PYTHON_WORDS for engine in engines):
        say("  words are cut in Python")
        cut_seconds = step([sys.executable, os.path.join(HERE, "peers.py"), "words", collection])["cut_s"]
    rows = {}
    for engine in engines:
        say(f"  {engine} builds")
        index = os.path.join(options.work, f"{engine}-{size}")
        shutil.rmtree(index, ignore_errors=True)
        rows[engine] = {"engine": engine, "entries": size, **step(command(options, engine, "build", collection, index))}
        # What cuts its words beforehand is charged for it; the others cut while they build.
        rows[engine]["build_s"] += cut_seconds if engine in BY_PYTHON_WORDS else 0
    asked = {engine: [] for engine in engines}
    for number in range(options.rounds):
        for engine in engines:
            say(f"  {engine} is asked, round {number + 1}")
            index = os.path.join(options.work, f"{engine}-{size}")
            asked[engine].append(step(command(options, engine, "ask", collection, index)))
    for engine, rounds in asked.items():
        rows[engine].update({name: statistics.median(one[name] for one in rounds) for name in rounds[0]})
        shutil.rmtree(os.path.join(options.work, f"{engine}-{size}"))
    shutil.rmtree(collection)
    return list(rows.values())


def table(rows):
    lines = ["| engine | entries | " + " | ".join(name for name, _, _ in COLUMNS) + " |", "|---|" + "---|" * (len(COLUMNS) + 1)]
    for row in rows:
        cells = [form.format(row[key]) for _, key, form in COLUMNS]
        lines.append(f"| {ENGINES[row['engine']]} | {row['entries']:,} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--sizes", default="5000,56000,500000")
    parser.add_argument("--engines", default=",".join(ENGINES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--words-up-to", type=int, default=56_000)
    parser.add_argument("--questions", type=int, default=1000)
    parser.add_argument("--json")
    options = parser.parse_args()
    engines = options.engines.split(",")
    try:
        import numba  # noqa: F401
    except ImportError:
        engines = [engine for engine in engines if engine != "bm25s-numba"]
    rows = []
    for size in map(int, options.sizes.split(",")):
        rows += measure(options, size, [e for e in engines if size <= options.words_up_to or e not in BY_PYTHON_WORDS])
    print(table(rows))
    if options.json:
        with open(options.json, "w") as out:
            json.dump(rows, out, indent=1)


if __name__ == "__main__":
    main()
