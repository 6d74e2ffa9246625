"""Does a verb survive a kill at any moment, a full disk, a folder that cannot be written, and a second process?

    python3 test/faults/campaign.py PROGRAM [--seconds 600] [--seed 1] [--only train,export] [--keep]

PROGRAM is finintent (in quotes with its arguments if there are any, such as "dotnet finintent.dll"). For each verb:
  kills     the verb is killed (SIGKILL) at random moments, some times in a row, and started again with the same command until it ends by
            itself; its files must then be those of an undisturbed run, byte for byte but for times, and nothing else may lie about
  full      it runs in a file system of a few MB that fills up while it runs: exit 1, the words "disk is full", no "bug:"; with room again the
            same command ends with the same files
  read-only it is to write into a file system that is mounted read-only: exit 1, the setting's name, before a model is loaded
  two       two are started at once: one ends well with the same files, the other with 1 and the first one's process id (downloads wait)
Files in memory need root (mount -t tmpfs); without it full and read-only are skipped, and said to be. Prints a table in Markdown; ends with 1 when a
promise was broken, and then tells what differed. Needs Python 3.10, no packages, no network. Run it alone: a busy machine makes fewer kills.
"""
import argparse
import hashlib
import json
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import servers

ROOT = Path(__file__).resolve().parents[2]
SMALL = ROOT / "models" / "finintent-8m"
TINY = ROOT / "models" / "tiny" / "qwen2"
SCHEMA = ROOT / "config" / "intents" / "openfindata.yaml"

# Times, speeds and places, which differ between runs that do the same.
VOLATILE = re.compile(r'elapsed|remaining|runtime|per_second|per_sec|seconds|"?time"?$|^dataset_dir$|^output_dir$|^libtorch$|date|'
                      r"^base_model$|^adapter_name_or_path$|^model_name_or_path$|^export_dir$|^settings$|^file$|^source$|^adapters$|_at$")
# Pages and lists that hold such things in their text, and pictures of them.
UNCOMPARED = re.compile(r"\.(html|md|txt|png|svg)$|SHA256SUMS$|\.step\.json$|events\.out|review\.csv$|\.run\.json$")


def settled(value):
    """A JSON value without what differs between runs."""
    if isinstance(value, dict):
        return {k: settled(v) for k, v in value.items() if not VOLATILE.search(k)}
    if isinstance(value, list):
        return [settled(v) for v in value]
    return value


def content(path):
    data = path.read_bytes()
    try:
        if path.suffix == ".json":
            return settled(json.loads(data))
        if path.suffix == ".jsonl":
            return [settled(json.loads(line)) for line in data.splitlines()]
    except ValueError:
        pass
    return hashlib.sha256(data).hexdigest()


def files(folder):
    return {str(path.relative_to(folder)): content(path) for path in sorted(folder.rglob("*"))
            if path.is_file() and not UNCOMPARED.search(path.name)}


def difference(wanted, folder, ignore=lambda name: False):
    """What differs between the files of an undisturbed run and a folder, in words; None: nothing."""
    found = files(folder)
    for name in sorted(wanted.keys() | found.keys()):
        if ignore(name) or wanted.get(name) == found.get(name):
            continue
        return f"{name} is {'missing' if name not in found else 'left over' if name not in wanted else 'different'}"
    return None


class Verb:
    """A command, where it writes, and what of that is compared."""

    def __init__(self, name, arguments, writes, key, environment=None, waits=False):
        self.name, self.arguments, self.writes, self.key = name, arguments, writes, key
        self.environment, self.waits = environment or (lambda out: {}), waits

    def start(self, campaign, out):
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "XDG_CACHE_HOME": str(campaign.work / "cache"), **self.environment(out)}
        return subprocess.Popen([*campaign.program, *map(str, self.arguments(out))], cwd=ROOT, env=environment,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8")

    def finish(self, campaign, out):
        process = self.start(campaign, out)
        text, _ = process.communicate(timeout=300)
        return process.returncode, text


def verbs(work, hub, model):
    adapter = work / "adapter"
    data = ["dataset=intent_understanding", f"dataset_dir={ROOT / 'data'}", "template=default"]
    lora = ["stage=sft", "finetuning_type=lora", "lora_rank=4", "lora_target=all", "per_device_train_batch_size=8", "cutoff_len=256"]

    def settings(name, text=""):
        path = work / f"{name}.yaml"
        path.write_text(text + "\n", encoding="utf-8")
        return path

    empty = settings("empty", "seed: 42")
    table = work / "table.csv"
    rows = json.loads((ROOT / "data" / "intent_eval.json").read_text(encoding="utf-8"))
    lines = [row["instruction"].split("\n")[-1] for row in rows] * 20
    table.write_text("question\n" + "".join('"' + f"{i} {line}".replace('"', "") + '"\n' for i, line in enumerate(lines)), encoding="utf-8")
    study = settings("study", f"""seeds: [1, 2]
eval_file: {ROOT / 'data' / 'intent_eval.json'}
scoring: options
models:
  - name: tiny
    model_name_or_path: {TINY}
    template: qwen
""")
    generate = settings("generate", f"""api: openai
api_model: m-1
api_base: {model}/v1
intent_schema: {SCHEMA}
rows: 60
rows_per_request: 5
length_shares: {{9-15: 0.5, 16-24: 0.5}}
""")
    train = ["train", empty, "plot_loss=false", "logging_steps=1", *lora]
    trained = [*train, f"model_name_or_path={SMALL}", *data, "max_samples=16", "num_train_epochs=1", "save_strategy=no"]
    steps = [*train, f"model_name_or_path={TINY}", *data[:2], "template=qwen", "max_samples=160", "num_train_epochs=2", "save_steps=1",
             "save_total_limit=3"]
    using = [f"model_name_or_path={SMALL}", f"adapter_name_or_path={adapter}", "template=default"]
    return adapter, trained, [
        Verb("train", lambda out: [*steps, f"output_dir={out}"], "folder", "output_dir"),
        Verb("export", lambda out: ["export", empty, *using, "export_size=1", f"export_dir={out}"], "replaced", "export_dir"),
        Verb("eval", lambda out: ["eval", empty, *using, f"eval_file={ROOT / 'data' / 'intent_eval.json'}", "scoring=options",
                                  "scoring_tokens=1024", f"output_dir={out}"], "folder", "output_dir"),
        Verb("experiment", lambda out: ["experiment", study, *data[:2], *lora, "max_samples=80", "num_train_epochs=1", "save_steps=3",
                                        "logging_steps=4", f"output_dir={out}"], "folder", "output_dir"),
        Verb("data generate", lambda out: ["data", "generate", generate, f"output_dir={out}"], "folder", "output_dir",
             environment=lambda out: {"OPENAI_API_KEY": "sk-campaign"}),
        Verb("classify", lambda out: ["classify", "--model", SMALL, f"intent_schema={SCHEMA}", f"input={table}", "text_column=question",
                                      f"output={out / 'answers.csv'}"], "file", "output"),
        Verb("download", lambda out: ["download", "acme/tiny", "--cache-dir", out], "cache", "--cache-dir",
             environment=lambda out: {"HF_ENDPOINT": hub, "HF_HOME": str(out), "HF_TOKEN": ""}, waits=True),
    ]


class Campaign:
    def __init__(self, program, seconds, seed, keep):
        self.program, self.seconds, self.random = shlex.split(program), seconds, random.Random(seed)
        self.work = Path(tempfile.mkdtemp(prefix="finintent-faults-"))
        self.keep, self.broken, self.mounted = keep, [], []

    def fail(self, verb, what, text=""):
        self.broken.append(f"{verb.name}: {what}\n{text[-1500:]}")
        print(f"BROKEN {self.broken[-1]}", file=sys.stderr, flush=True)

    def undisturbed(self, verb):
        out = self.work / f"{verb.name} whole".replace(" ", "-")
        began = time.monotonic()
        code, text = verb.finish(self, out)
        if code != 0:
            sys.exit(f"{verb.name} undisturbed ended with {code}\n{text}")
        return files(out), time.monotonic() - began

    def same(self, verb, wanted, out, what, text=""):
        differs = difference(wanted, out)
        if differs is None:
            left = [p.name for p in [*out.rglob(".*"), *out.parent.glob(f".{out.name}.*")]
                    if re.search(r"\.(tmp|lock|answers)$", p.name) and verb.writes != "cache"]
            differs = f"{left[0]} lies about" if left else None
        if differs is not None:
            self.fail(verb, f"{what}: {differs}", text)
        return differs is None

    def kills(self, verb, wanted, takes, until):
        """Kills in a row until the verb ends by itself; then the files are compared. Returns kills, and how many ends were right."""
        kills = ends = right = 0
        while ends == 0 or time.monotonic() < until:
            out = self.work / "killed" / f"{verb.name.replace(' ', '-')}-{ends}"
            out.parent.mkdir(exist_ok=True)
            for _ in range(self.random.randint(1, 4)):
                process = verb.start(self, out)
                try:
                    process.communicate(timeout=self.random.uniform(0.15, 1.05) * takes)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.communicate()
                    kills += 1
                    continue
                break
            code, text = verb.finish(self, out)
            if code != 0 and not (code == 1 and "holds a finished run" in text):
                self.fail(verb, f"started again after a kill it ended with {code}", text)
            elif self.same(verb, wanted, out, "after kills", text):
                right += 1
            ends += 1
            shutil.rmtree(out, ignore_errors=True)
        return kills, ends, right

    def small_disk(self, name, megabytes):
        folder = self.work / name.replace(" ", "-")
        folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], check=True)
        self.mounted.append(folder)
        return folder

    def unmount(self, folder):
        subprocess.run(["umount", "-l", folder], check=True)
        self.mounted.remove(folder)

    def full(self, verb, wanted, takes):
        disk = self.small_disk(f"full {verb.name}", 256)
        out, filler = disk / "out", disk / "filler"
        kinds = []
        for share in (0.0, self.random.uniform(0.3, 0.6), self.random.uniform(0.6, 0.9)):
            process = verb.start(self, out)
            time.sleep(share * takes)
            free = shutil.disk_usage(disk).free
            with open(filler, "wb") as file:
                file.write(bytes(max(0, free - 4096)))
            text, _ = process.communicate(timeout=300)
            filler.unlink()
            kinds.append(process.returncode)
            if process.returncode == 0:
                break  # it had written all before the disk was full
            if process.returncode != 1 or "bug:" in text or not re.search(r"disk is full|there is no room|make room|are free|free space", text):
                self.fail(verb, f"on a full disk it ended with {process.returncode} and not with words", text)
        code, text = verb.finish(self, out)
        done = code == 0 or "holds a finished run" in text
        right = done and self.same(verb, wanted, out, "after a full disk", text)
        if not done:
            self.fail(verb, f"with room again it ended with {code}", text)
        self.unmount(disk)
        return f"{'told' if 1 in kinds else 'ended before'}, {'same' if right else 'DIFFERENT'}"

    def read_only(self, verb):
        disk = self.small_disk(f"read-only {verb.name}", 16)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        code, text = verb.finish(self, disk / "out")
        self.unmount(disk)
        if code != 1 or "bug:" in text or (verb.key not in text and str(disk) not in text):
            self.fail(verb, f"on a read-only disk it ended with {code}", text)
            return "NOT TOLD"
        return "told"

    def two(self, verb, wanted):
        out = self.work / "two" / verb.name.replace(" ", "-")
        out.parent.mkdir(exist_ok=True)
        first, second = verb.start(self, out), verb.start(self, out)
        texts = [process.communicate(timeout=300)[0] for process in (first, second)]
        codes = sorted([first.returncode, second.returncode])
        text = "\n".join(texts)
        told = all(c == 0 for c in codes) if verb.waits else codes == [0, 1] and "is being written by finintent" in text
        if not told:
            self.fail(verb, f"two at once ended with {codes}", text)
        right = self.same(verb, wanted, out, "two at once", text)
        return f"{'both, one waited' if verb.waits else 'second refused'}, same" if told and right else "BROKEN"

    def run(self, only):
        hub = servers.start(servers.Hub, pause=0.002, files={
            **{name: (TINY / name).read_bytes() for name in ("config.json", "tokenizer.json", "tokenizer_config.json")},
            "model.safetensors": random.Random(7).randbytes(12_000_000)})
        model = servers.start(servers.Model, intents={})
        adapter, trained, all_verbs = verbs(self.work, hub, model)
        chosen = [verb for verb in all_verbs if not only or verb.name.split()[-1] in only]
        made = subprocess.run([*self.program, *map(str, trained), f"output_dir={adapter}"], cwd=ROOT, capture_output=True, text=True)
        if made.returncode != 0:
            sys.exit(made.stdout + made.stderr)
        is_root = os.geteuid() == 0
        print("| verb | one run, s | kills | started again: same files | disk full | read-only | two at once |\n|---|---|---|---|---|---|---|", flush=True)
        began, total = time.monotonic(), 0
        for i, verb in enumerate(chosen):
            wanted, takes = self.undisturbed(verb)
            full = self.full(verb, wanted, takes) if is_root else "skipped: needs root"
            read_only = self.read_only(verb) if is_root else "skipped: needs root"
            two = self.two(verb, wanted)
            until = began + (i + 1) * self.seconds / len(chosen)
            kills, ends, right = self.kills(verb, wanted, takes, until)
            total += kills
            print(f"| `{verb.name}` | {takes:.1f} | {kills} | {right} of {ends} | {full} | {read_only} | {two} |", flush=True)
        print(f"\n{total} kills, {len(self.broken)} broken promises, {time.monotonic() - began:.0f} s")
        return 1 if self.broken else 0

    def close(self):
        for folder in list(self.mounted):
            self.unmount(folder)
        if not self.keep:
            shutil.rmtree(self.work, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=lambda text: text.split(","))
    parser.add_argument("--keep", action="store_true")
    asked = parser.parse_args()
    campaign = Campaign(asked.program, asked.seconds, asked.seed, asked.keep)
    try:
        sys.exit(campaign.run(asked.only))
    finally:
        campaign.close()


if __name__ == "__main__":
    main()
