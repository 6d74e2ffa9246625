#!/usr/bin/env python3
"""FinIntent beside Hugging Face transformers + PEFT and the best that PyTorch's own parts make of them: one machine, the same rows, one run.

    bench/compare_hf.py [--finintent PROGRAM] [--shape qwen2.5-7b] [--layers N] [--parts seed,plain,…] [--rows 8,64,128] [--work train,score]
                        [--steps 5] [--questions 75] [--limit SECONDS] [--json FILE]

PROGRAM is finintent, in quotes with its arguments if there are any; else the environment variable FININTENT, else the build in artifacts/.
Needs torch, transformers and peft; torchao for the part float8. Weights are random, nothing is fetched; the shapes are those of transformers' own
classes (qwen2, llama). docs/bench.md says what the parts are and how they are measured.
"""
import argparse
import importlib.util
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FORMATS = {"finintent": "none", "finintent_float8": "fp8"}
PARTS = {"seed": "the seed's recipe", "plain": "HF + PEFT", "compiled": "compiled, packed", "float8": "the same, torchao float8"}
COLUMNS = {"finintent": "FinIntent", "finintent_float8": "FinIntent, float8", **PARTS}
RATIOS = {"FinIntent / best": ("finintent", ["seed", "plain", "compiled"]), "the same, float8": ("finintent_float8", ["float8"])}


def main():
    options = arguments()
    for module in ("torch", "transformers", "peft"):
        if importlib.util.find_spec(module) is None:
            sys.exit(f"compare_hf.py: this Python has no {module}; run it with one that has torch, transformers and peft")

    with tempfile.TemporaryDirectory() as folder:
        comparison = Comparison(options, Path(folder))
        try:
            for part in FORMATS:
                comparison.run_ours(part)
            for part in options.parts:
                comparison.run_theirs(part)
        except KeyboardInterrupt:
            comparison.note("stopped: the tables hold what was measured")
    comparison.print()
    if options.json:
        Path(options.json).write_text(json.dumps({"shape": options.shape, "layers": options.layers, "about": comparison.about,
                                                  "results": comparison.results, "notes": comparison.notes}, indent=2) + "\n")


def arguments():
    built = Path(__file__).resolve().parent.parent / "artifacts/bin/FinIntent.Cli/release/finintent"
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--finintent", default=os.environ.get("FININTENT", str(built)))
    parser.add_argument("--shape", default="qwen2.5-7b")
    parser.add_argument("--layers", type=int)
    parser.add_argument("--parts", type=listed(list(PARTS)), default=list(PARTS), help="of " + ",".join(PARTS) + "; FinIntent always runs")
    parser.add_argument("--rows", type=lambda text: [int(rows) for rows in text.split(",")], default=[8, 64, 128], help="rows an update")
    parser.add_argument("--work", type=listed(["train", "score"]), default=["train", "score"])
    parser.add_argument("--steps", type=int, default=5, help="updates measured")
    parser.add_argument("--questions", type=int, default=75)
    parser.add_argument("--limit", type=float, default=600, help="seconds that a part may take; then what it has measured stands")
    parser.add_argument("--json", help="write the numbers to this file")
    return parser.parse_args()


def listed(known):
    def parse(text):
        names = text.split(",")
        if unknown := [name for name in names if name not in known]:
            raise argparse.ArgumentTypeError(f"{unknown[0]} is none of {', '.join(known)}")
        return names
    return parse


class Comparison:
    """Runs the parts one after the other, each in a process of its own, and keeps what they measured: results[part][line]."""

    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.results = {part: {} for part in COLUMNS}
        self.about, self.notes = {}, []
        self.rows = {}      # the files of rows that finintent wrote, by training line, and "score"
        self.config = None

    def lines(self):
        """Every line of the tables: its key and what it says."""
        many, one = f"score {self.options.questions} questions", "score 1 question"
        train = {f"train_{rows}": f"train, {rows} rows an update" for rows in self.options.rows}
        score = {"score": f"{many}, merged", "score_adapter": f"{many}, adapter not merged",
                 "score_one": f"{one}, merged", "score_adapter_one": f"{one}, adapter not merged"}
        return {**(train if "train" in self.options.work else {}), **(score if "score" in self.options.work else {})}

    # ---- FinIntent

    def run_ours(self, part):
        end = time.monotonic() + self.options.limit
        shape = ["--shape", self.options.shape, *(["--layers", self.options.layers] if self.options.layers else []), "--quantization", FORMATS[part]]
        for key in (key for key in self.lines() if key.startswith("train_")):
            self.bench(part, key, end, "train", *shape, "--rows", key.removeprefix("train_"), "--steps", self.options.steps)
        if "score" in self.options.work:
            self.bench(part, "score", end, "score", *shape, "--questions", self.options.questions, "--adapter")

    def bench(self, part, key, end, *command):
        rows, numbers = self.folder / f"{key}.rows.json", self.folder / "numbers.json"
        words = ["bench", *map(str, command), "--rows-file", str(rows), "--json", str(numbers)]
        program = [*shlex.split(self.options.finintent), *words]
        try:
            done = subprocess.run(program, capture_output=True, text=True, timeout=max(1, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            return self.note(f"finintent {' '.join(words[:-4])} was ended after its part's {self.options.limit:g} s")
        finally:
            if rows.exists():
                self.rows[key] = str(rows)
        print(done.stdout, flush=True)
        if done.returncode != 0:
            return self.note(f"finintent {' '.join(words[:-4])} ended with {done.returncode}\n{done.stderr}")
        report = json.loads(numbers.read_text())
        self.config = report["config"]
        measured = report["lines"]
        self.results[part].update({key: measured["train"]} if "train" in measured else measured)

    # ---- the others

    def run_theirs(self, part):
        lines = [key for key in self.lines() if self.belongs(key, part)]
        if not lines:
            return
        if self.config is None:
            return self.note(f"{COLUMNS[part]}: not run, since finintent gave it no model to be like")
        request, results = self.folder / f"{part}.json", self.folder / f"{part}.jsonl"
        request.write_text(json.dumps({"part": part, "lines": lines, "config": self.config, "rows": self.rows,
                                       "steps": self.options.steps, "limit": self.options.limit}))
        program = Path(__file__).resolve().parent / "peer" / "run.py"
        try:
            code = subprocess.run([sys.executable, program, request, results], timeout=self.options.limit).returncode
            if code != 0:
                self.note(f"{COLUMNS[part]}: ended with {code}")
        except subprocess.TimeoutExpired:
            self.note(f"{COLUMNS[part]}: ended after its {self.options.limit:g} s")
        finally:
            for text in results.read_text().splitlines() if results.exists() else []:
                self.keep(part, *json.loads(text).popitem())

    def belongs(self, key, part):
        """Has the line a place in the part? The seed trains 8 rows an update; torchao's float8 scores a merged model."""
        if (key if key.startswith("train_") else "score") not in self.rows:
            return False
        return {"seed": key == "train_8", "float8": not key.startswith("score_adapter")}.get(part, True)

    def keep(self, part, key, value):
        if key == "about":
            self.about = value
        elif key == "skipped":
            self.note(f"{COLUMNS[part]}: skipped, {value}")
        elif "missing" in value:
            self.note(f"{COLUMNS[part]}, {self.lines()[key]}: {value['missing']}")
        else:
            self.results[part][key] = value

    def note(self, text):
        print(text, flush=True)
        self.notes.append(text)

    # ---- the tables

    def print(self):
        shape = f"{self.options.shape}{f' with {self.options.layers} layers' if self.options.layers else ''}"
        print(f"\n{shape}, bf16 and float8; {', '.join(f'{name} {value}' for name, value in self.about.items())}")
        self.table("tokens/s", lambda numbers: f"{numbers['tokens_per_second']:,.0f}", RATIOS)
        self.table("ms", lambda numbers: f"{numbers['seconds'] * 1000:,.1f}")
        self.table("peak memory, GB", lambda numbers: f"{numbers['peak_memory_bytes'] / 1e9:.1f}")
        for note in self.notes:
            print(note)

    def table(self, what, text, ratios={}):
        columns = {part: name for part, name in COLUMNS.items() if part in FORMATS or part in self.options.parts}
        print(f"\n| {what} | " + " | ".join([*columns.values(), *ratios]) + " |")
        print("|---" * (1 + len(columns) + len(ratios)) + "|")
        for key, name in self.lines().items():
            cells = [text(self.results[part][key]) if key in self.results[part] else "–" for part in columns]
            print(f"| {name} | " + " | ".join([*cells, *(self.ratio(key, *sides) for sides in ratios.values())]) + " |")

    def ratio(self, key, part, others):
        speeds = [self.results[other][key]["tokens_per_second"] for other in others if key in self.results[other]]
        return f"{self.results[part][key]['tokens_per_second'] / max(speeds):.2f}" if speeds and key in self.results[part] else "–"


if __name__ == "__main__":
    main()
