#!/usr/bin/env python3
"""
One part of bench/compare_hf.py, in a process of its own: peer/run.py REQUEST.json RESULTS.jsonl

The request says which part, which lines of the table, the model's config, the files of rows and the seconds there are.
Each line is written as soon as it is measured, so that what comes after it may fail or be ended.
"""
import importlib.util
import json
import os
import sys
import time
import traceback
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
# As finintent has it: fewer holes between blocks.
os.environ.setdefault("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True")

import peft
import torch
import transformers

import scoring
import training
from model import PACKED, build, compile_layers, float8_training, float8_weights, register_packed_attention

SINGLE_TURNS = 20


class Part:
    """What all parts share: rows, lines that are asked for, time, and where results go."""

    def __init__(self, request, results):
        self.request, self.results = request, results
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.end = time.monotonic() + request["limit"]
        self.left = list(request["lines"])
        self.turns = 20 if self.device.type == "cuda" else 3

    def rows(self, key):
        return json.loads(Path(self.request["rows"][key]).read_text())

    def longest(self):
        return max(len(row["input_ids"]) for file in self.request["rows"].values() for row in json.loads(Path(file).read_text()))

    def training_lines(self):
        return [key for key in self.left if key.startswith("train_")]

    def measure(self, key, measurement):
        """measurement(until) gives the numbers of the line `key`, if it is asked for; each line has an equal share of the time that is left."""
        if key not in self.left:
            return
        share = (self.end - time.monotonic()) / len(self.left)
        self.left.remove(key)
        begin = time.monotonic()
        try:
            numbers = measurement(time.monotonic() + share)
        except Exception as error:
            traceback.print_exc()
            return self.write(key, {"missing": type(error).__name__})
        print(f"{self.request['part']}, {key}: {numbers['tokens_per_second']:,.0f} tokens/s, {numbers['seconds'] * 1000:,.1f} ms, "
              f"{numbers['peak_memory_bytes'] / 1e9:.1f} GB; {time.monotonic() - begin:.0f} s with warming up "
              f"{ {name: value for name, value in numbers.items() if name.startswith(('rows', 'first'))} }", flush=True)
        self.write(key, numbers)

    def write(self, key, numbers):
        with self.results.open("a") as file:
            file.write(json.dumps({key: numbers}) + "\n")

    def train(self, model, loss_of, batch=None):
        for key in self.training_lines():
            count = int(key.removeprefix("train_"))
            self.measure(key, lambda until: training.measure(
                model, self.device, self.rows(key), count, batch or count, loss_of, self.request["steps"], until))
        model.requires_grad_(False).eval()

    def score(self, model, logits_of, key):
        self.measure(key, lambda until: scoring.measure(model, self.device, self.rows("score"), logits_of, self.turns, until))

    def score_one(self, model, logits_of, key):
        self.measure(key, lambda until: scoring.measure(model, self.device, self.rows("score")[:1], logits_of, SINGLE_TURNS, until))


def seed(part):
    """The seed's recipe: one row a forward, layers computed again."""
    model = build(part.request["config"], part.device)
    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    part.train(model, training.padded_loss, batch=1)


def plain(part):
    """transformers and PEFT as they come: padded rows, nothing compiled."""
    model = build(part.request["config"], part.device)
    part.train(model, training.padded_loss)
    # PEFT keeps adapters in fp32: autocast lets it multiply in bf16.
    with torch.autocast(part.device.type, dtype=torch.bfloat16):
        part.score(model, scoring.padded_logits, "score_adapter")
        part.score_one(model, scoring.padded_logits, "score_adapter_one")
    model = model.merge_and_unload()
    part.score(model, scoring.padded_logits, "score")
    part.score_one(model, scoring.padded_logits, "score_one")


def compiled(part):
    """PyTorch's best: layers compiled, rows packed, the head where it is needed; one question as one CUDA graph."""
    register_packed_attention()
    wrapped = build(part.request["config"], part.device, PACKED)
    model = wrapped.get_base_model()
    train_compiled(part, model)
    for parameter in model.parameters():
        parameter.data = parameter.data.to(torch.bfloat16)
    score_compiled(part, model, "score_adapter")
    score_compiled(part, wrapped.merge_and_unload(), "score")


def float8(part):
    """The same with torchao's float8 in the base's layers."""
    register_packed_attention()
    if part.training_lines():
        model = build(part.request["config"], part.device, PACKED).get_base_model()
        float8_training(model)
        train_compiled(part, model)
        del model
    if part.left:
        model = build(part.request["config"], part.device, PACKED).merge_and_unload().eval()
        float8_weights(model)
        score_compiled(part, model, "score")


def train_compiled(part, model):
    compile_layers(model)
    # Else the first layer, whose input has no gradient, would need a graph of its own; that gradient is a thousandth of the work.
    model.enable_input_require_grads()
    part.train(model, training.PackedLoss(part.longest()))
    model.disable_input_require_grads()


def score_compiled(part, model, key):
    compile_layers(model)
    part.score(model, scoring.PackedLogits(part.longest()), key)
    part.score_one(model, scoring.CapturedLogits(part.longest()), f"{key}_one")


def missing(name, device):
    """Why this machine or this Python cannot run the part; None: it can."""
    if name in ("seed", "plain"):
        return None
    if device.type != "cuda":
        return "torch's attention over packed rows needs a CUDA GPU"
    if importlib.util.find_spec("torch.nn.attention.varlen") is None:
        return f"torch {torch.__version__} has no torch.nn.attention.varlen"
    if name == "float8" and importlib.util.find_spec("torchao") is None:
        return "torchao is not installed"
    return None


def main():
    request = json.loads(Path(sys.argv[1]).read_text())
    part = Part(request, Path(sys.argv[2]))
    name = torch.cuda.get_device_name() if part.device.type == "cuda" else f"cpu, {torch.get_num_threads()} threads"
    part.write("about", {"machine": name, "torch": torch.__version__, "transformers": transformers.__version__, "peft": peft.__version__})
    if reason := missing(request["part"], part.device):
        return part.write("skipped", reason)
    {"seed": seed, "plain": plain, "compiled": compiled, "float8": float8}[request["part"]](part)


if __name__ == "__main__":
    main()
