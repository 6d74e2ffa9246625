#!/usr/bin/env python3
"""FinIntent beside Hugging Face transformers + PEFT: the same shape, rows and machine, one after the other in one run.

    bench/compare_hf.py [--finintent PROGRAM] [--shape qwen2.5-7b] [--layers N] [--steps 5] [--questions 75] [--json FILE]

PROGRAM is finintent, in quotes with its arguments if there are any; else the environment variable FININTENT, else the build in artifacts/.
Needs torch, transformers and peft. Weights are random, nothing is fetched; the shapes are those of transformers' own classes (qwen2, llama).

`finintent bench` runs first and writes the rows that both read. Training is LoRA r 8 on every linear layer with a bf16 base, AdamW and a norm
of at most 1; seconds are medians of whole updates after a warm-up (3 on a GPU, 1 on a CPU), tokens are counted without padding.
"""
import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

try:
    import peft
    import torch
    import transformers
except ImportError as missing:
    sys.exit(f"compare_hf.py: this Python has no {missing.name}; run it with one that has torch, transformers and peft")

# Rows an update, rows a forward of theirs, checkpointing: the seed's recipe, their best, and a large update at their best.
UPDATES = [(8, 1, True), (32, 32, False), (64, 32, False)]
LETTERS = [1, 2, 3, 4, 5]
SINGLE_TURNS = 20


def main():
    options = arguments()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    name = torch.cuda.get_device_name() if device.type == "cuda" else f"cpu, {torch.get_num_threads()} threads"
    print(f"{options.shape}{f' with {options.layers} layers' if options.layers else ''}, bf16, {name}; "
          f"torch {torch.__version__}, transformers {transformers.__version__}, peft {peft.__version__}", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        ours, rows, config = run_ours(options, Path(folder))
    theirs = run_theirs(options, device, rows, config)
    lines = [line(what, theirs.get(key), ours.get(key)) for key, what in labels(options).items()]
    print_table(["", "HF tokens/s", "FinIntent tokens/s", "ratio", "HF ms", "FinIntent ms", "HF memory", "FinIntent memory"], lines)
    if options.json:
        Path(options.json).write_text(json.dumps({"machine": name, "torch": torch.__version__, "transformers": transformers.__version__,
                                                  "peft": peft.__version__, "shape": options.shape, "layers": options.layers,
                                                  "hugging_face": theirs, "finintent": ours}, indent=2) + "\n")


def arguments():
    built = Path(__file__).resolve().parent.parent / "artifacts/bin/FinIntent.Cli/release/finintent"
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--finintent", default=os.environ.get("FININTENT", str(built)))
    parser.add_argument("--shape", default="qwen2.5-7b")
    parser.add_argument("--layers", type=int)
    parser.add_argument("--steps", type=int, default=5, help="updates measured")
    parser.add_argument("--questions", type=int, default=75)
    parser.add_argument("--json", help="write the numbers to this file")
    return parser.parse_args()


def labels(options):
    many, one = f"score {options.questions} questions", "score 1 question"
    return {
        **{f"train_{rows}": f"train, {rows} rows an update (HF: {rows // batch} × {batch}{', checkpointing' if checkpointing else ''})"
           for rows, batch, checkpointing in UPDATES},
        "score": f"{many}, merged", "score_adapter": f"{many}, adapter not merged",
        "score_one": f"{one}, merged", "score_adapter_one": f"{one}, adapter not merged",
    }


# ---- FinIntent

def run_ours(options, folder):
    shape = ["--shape", options.shape, *(["--layers", str(options.layers)] if options.layers else [])]
    results, rows = {}, {}
    for count, _, _ in UPDATES:
        numbers = bench(options, folder, "train", *shape, "--rows", count, "--steps", options.steps)
        results[f"train_{count}"] = numbers["lines"]["train"]
        rows[count] = json.loads((folder / "rows.json").read_text())
    numbers = bench(options, folder, "score", *shape, "--questions", options.questions, "--adapter")
    results |= numbers["lines"]
    rows["score"] = json.loads((folder / "rows.json").read_text())
    return results, rows, numbers["config"]


def bench(options, folder, *command):
    files = ["--rows-file", folder / "rows.json", "--json", folder / "numbers.json"]
    done = subprocess.run([*shlex.split(options.finintent), "bench", *map(str, [*command, *files])], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"finintent bench {' '.join(map(str, command))} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    print(done.stdout, flush=True)
    return json.loads((folder / "numbers.json").read_text())


# ---- Hugging Face

def run_theirs(options, device, rows, config):
    fields = {key: value for key, value in config.items() if key != "model_type"}
    try:
        described = transformers.AutoConfig.for_model(config["model_type"], **fields)
    except ValueError:
        sys.exit(f"compare_hf.py: transformers has no class for model_type {config['model_type']}; choose a qwen2 or llama shape")
    torch.manual_seed(1)
    with device:
        model = transformers.AutoModelForCausalLM.from_config(described, dtype=torch.bfloat16, attn_implementation="sdpa")
    # init_lora_weights=False: both factors random, so that nothing is measured on zeros.
    lora = peft.LoraConfig(r=8, lora_alpha=16, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM", init_lora_weights=False)
    model = peft.get_peft_model(model, lora)

    results = {}
    for count, batch, checkpointing in UPDATES:
        results[f"train_{count}"] = their_training(model, device, rows[count], count, batch, checkpointing, options.steps)
    model.gradient_checkpointing_disable()
    model.requires_grad_(False)
    # PEFT keeps adapters in fp32: autocast lets it multiply in bf16.
    with torch.autocast(device.type, dtype=torch.bfloat16):
        results |= their_scoring(model, device, rows["score"], "score_adapter")
    results |= their_scoring(model.merge_and_unload(), device, rows["score"], "score")
    return results


def their_training(model, device, rows, count, batch, checkpointing, steps):
    """None: it does not fit in memory."""
    if checkpointing:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    else:
        model.gradient_checkpointing_disable()
    model.train()
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-4, weight_decay=0.0, fused=device.type == "cuda")
    meter = Meter(device)
    times = []
    try:
        for update in chunks(rows, count):
            start = meter.now()
            tokens = 0
            for part in chunks(update, batch):
                inputs = padded(part, device, left=False)
                tokens += sum(len(row["input_ids"]) for row in part)
                with torch.autocast(device.type, dtype=torch.bfloat16):
                    loss = model(**inputs, use_cache=False).loss
                (loss * len(part) / count).backward()
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            loss.item()
            times.append((tokens, meter.now() - start))
    except torch.cuda.OutOfMemoryError:
        optimizer.zero_grad(set_to_none=True)
        print(f"Hugging Face: {count} rows an update in forwards of {batch} do not fit in memory", flush=True)
        return None
    times = times[warm_up(device):]
    return {"tokens_per_second": statistics.median(tokens / seconds for tokens, seconds in times),
            "seconds": statistics.median(seconds for _, seconds in times), "peak_memory_bytes": meter.peak()}


@torch.no_grad()
def their_scoring(model, device, rows, key):
    """One forward over all questions, logits at each one's last token, the five letters' probabilities on the host."""
    model.eval()

    def measure(asked, turns):
        meter = Meter(device)
        times = []
        for _ in range(warm_up(device) + turns):
            start = meter.now()
            inputs = padded(asked, device, left=True)
            inputs.pop("labels")
            positions = (inputs["attention_mask"].cumsum(-1) - 1).clamp(min=0)
            logits = model(**inputs, position_ids=positions, use_cache=False, logits_to_keep=1).logits
            logits[:, -1, LETTERS].float().softmax(-1).cpu()
            times.append(meter.now() - start)
        seconds = statistics.median(times[warm_up(device):])
        return {"tokens_per_second": sum(len(row["input_ids"]) for row in asked) / seconds, "seconds": seconds, "peak_memory_bytes": meter.peak()}

    turns = 20 if device.type == "cuda" else 3
    return {key: measure(rows, turns), f"{key}_one": measure(rows[:1], SINGLE_TURNS)}


def padded(rows, device, left):
    width = max(len(row["input_ids"]) for row in rows)

    def fill(row, name, value):
        gap = [value] * (width - len(row["input_ids"]))
        return gap + row[name] if left else row[name] + gap

    return {
        "input_ids": torch.tensor([fill(row, "input_ids", 0) for row in rows], device=device),
        "labels": torch.tensor([fill(row, "labels", -100) for row in rows], device=device),
        "attention_mask": torch.tensor([fill({**row, "mask": [1] * len(row["input_ids"])}, "mask", 0) for row in rows], device=device),
    }


class Meter:
    """Time after the device is done, and the most memory torch's allocator held (as `finintent bench` counts, weights included)."""

    def __init__(self, device):
        self.device = device
        if device.type == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()

    def now(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()

    def peak(self):
        if self.device.type == "cuda":
            return torch.cuda.max_memory_reserved()
        import resource
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def warm_up(device):
    return 3 if device.type == "cuda" else 1


def chunks(rows, size):
    return [rows[i:i + size] for i in range(0, len(rows), size)]


# ---- The table

def line(what, theirs, ours):
    def cells(numbers):
        if numbers is None:
            return "–", "–", "–"
        return f"{numbers['tokens_per_second']:,.0f}", f"{numbers['seconds'] * 1000:,.1f}", f"{numbers['peak_memory_bytes'] / 1e9:.1f} GB"

    (their_speed, their_time, their_memory), (our_speed, our_time, our_memory) = cells(theirs), cells(ours)
    ratio = f"{ours['tokens_per_second'] / theirs['tokens_per_second']:.2f}" if theirs and ours else "–"
    return [what, their_speed, our_speed, ratio, their_time, our_time, their_memory, our_memory]


def print_table(head, lines):
    print("| " + " | ".join(head) + " |")
    print("|" + "|".join("---" for _ in head) + "|")
    for cells in lines:
        print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
