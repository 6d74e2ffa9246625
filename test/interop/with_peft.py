"""Does PEFT read our adapters, and do we read PEFT's?

    python3 with_peft.py PROGRAM FIXTURES [FAMILY ...]

PROGRAM is finintent (in quotes with its arguments if there are any, such as "dotnet finintent.dll"), FIXTURES the folder with qwen2/, llama/
and so on, each with config.json, model.safetensors and cases.json. Families: qwen2, qwen3 and llama unless named.
Needs torch, transformers, peft and safetensors. Everything is computed in float32 on the CPU. Prints the largest difference of any logit for
each check; ends with 1 when one is above 1e-4 or a name differs.
"""
import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["HF_HUB_OFFLINE"] = "1"

import peft
import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

TOLERANCE = 1e-4
LINEARS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]

# What finintent trains: settings beside the common ones.
OURS = {
    "rank 4": {"lora_rank": 4, "lora_alpha": 8},
    "rank 3, rsLoRA, dropout": {"lora_rank": 3, "use_rslora": True, "lora_dropout": 0.1},
    "q and v only": {"lora_target": "q_proj,v_proj"},
}

# What PEFT makes, with random B.
THEIRS = {
    "rank 4": dict(r=4, lora_alpha=8, target_modules=LINEARS),
    "all-linear": dict(r=4, lora_alpha=8, target_modules="all-linear"),
    "rsLoRA": dict(r=3, lora_alpha=7, use_rslora=True, target_modules=LINEARS),
    "rank and alpha patterns": dict(r=4, lora_alpha=8, target_modules=LINEARS,
                                    rank_pattern={"o_proj": 2, "model.layers.0.self_attn.q_proj": 6}, alpha_pattern={"down_proj": 3}),
}


def finintent(*arguments):
    done = subprocess.run([*shlex.split(sys.argv[1]), *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"finintent {' '.join(map(str, arguments))} ended with {done.returncode}\n{done.stdout}{done.stderr}")


def base_model(folder):
    return AutoModelForCausalLM.from_pretrained(folder).float().eval()


def their_logits(model, sequences):
    with torch.no_grad():
        return [model(input_ids=torch.tensor([sequence])).logits[0].float() for sequence in sequences]


def our_logits(folder, adapter, work):
    out = work / "logits.safetensors"
    finintent("inspect", "logits", "--model", folder, *(["--adapter", adapter] if adapter else []), "--tokens", work / "tokens.json", "--out", out)
    tensors = load_file(out)
    return [tensors[f"logits.{i}"] for i in range(len(tensors))]


class Report:
    failed = False

    def compare(self, what, ours, theirs, base=None):
        """base: logits without the adapter, to show that it does something."""
        difference = max((a - b).abs().max().item() for a, b in zip(ours, theirs, strict=True))
        effect = "" if base is None else f"  (the adapter changes them by {max((a - b).abs().max().item() for a, b in zip(base, theirs)):.3g})"
        self.line(what, difference <= TOLERANCE, f"{difference:.2e}{effect}")

    def line(self, what, is_good, detail):
        self.failed |= not is_good
        print(f"{'ok  ' if is_good else 'FAIL'}  {what:<52}  {detail}", flush=True)


def train(folder, cases, settings, work, out):
    """Eight steps on the fixture's rows, from a fresh adapter."""
    rows = work / "rows.jsonl"
    rows.write_text("".join(json.dumps({"input_ids": r["input_ids"], "labels": r["labels"]}) + "\n" for r in cases["train"]["rows"]))
    file = work / "train.yaml"
    file.write_text(json.dumps({
        "model_name_or_path": str(folder), "tokenized_path": str(rows), "allow_leak": True, "output_dir": str(out), "overwrite_output_dir": True,
        "per_device_train_batch_size": 4, "max_steps": 8, "learning_rate": 0.02, "lora_target": "all", "save_strategy": "no", **settings}))
    finintent("train", file)


def check_ours(report, family, folder, cases, work):
    base = their_logits(base_model(folder), cases["sequences"])
    report.compare(f"{family}: base model", our_logits(folder, None, work), base)
    for name, settings in OURS.items():
        adapter = work / "ours"
        train(folder, cases, settings, work, adapter)
        model = PeftModel.from_pretrained(base_model(folder), adapter).eval()
        theirs = their_logits(model, cases["sequences"])
        report.compare(f"{family}: our adapter in PEFT, {name}", our_logits(folder, adapter, work), theirs, base)

        written, held = load_file(adapter / "adapter_model.safetensors"), get_peft_model_state_dict(model)
        is_same = written.keys() == held.keys() and all(torch.equal(written[k], held[k]) for k in written)
        report.line(f"{family}: tensors of our adapter, {name}", is_same, f"{len(written)} by name and value")

        merged = work / f"merged-{name.replace(' ', '-').replace(',', '')}"
        file = work / "export.yaml"
        file.write_text(json.dumps({"model_name_or_path": str(folder), "adapter_name_or_path": str(adapter), "export_dir": str(merged), "infer_dtype": "float32"}))
        finintent("export", file)
        report.compare(f"{family}: our merged model in transformers, {name}", their_logits(base_model(merged), cases["sequences"]), theirs, base)


def check_theirs(report, family, folder, cases, work):
    base = their_logits(base_model(folder), cases["sequences"])
    for name, settings in THEIRS.items():
        torch.manual_seed(1)
        model = get_peft_model(base_model(folder), LoraConfig(task_type="CAUSAL_LM", init_lora_weights=False, **settings)).eval()
        adapter = work / "theirs"
        model.save_pretrained(adapter)
        report.compare(f"{family}: PEFT's adapter in ours, {name}", our_logits(folder, adapter, work), their_logits(model, cases["sequences"]), base)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    fixtures, families = Path(sys.argv[2]).resolve(), sys.argv[3:] or ["qwen2", "qwen3", "llama"]
    print(f"torch {torch.__version__}, transformers {transformers.__version__}, peft {peft.__version__}; largest difference of any logit, fp32:")
    report = Report()
    for family in families:
        folder = fixtures / family
        cases = json.loads((folder / "cases.json").read_text())
        with tempfile.TemporaryDirectory() as temporary:
            work = Path(temporary)
            (work / "tokens.json").write_text(json.dumps(cases["sequences"]))
            check_ours(report, family, folder, cases, work)
            check_theirs(report, family, folder, cases, work)
    sys.exit(1 if report.failed else 0)


main()
