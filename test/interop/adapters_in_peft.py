"""Our adapters in PEFT and PEFT's adapters here: python3 test/interop/adapters_in_peft.py FININTENT FIXTURES [cpu|cuda]

Needs torch, transformers, peft, safetensors. FININTENT is the program, FIXTURES the folder with qwen2/ and llama/ (test/fixtures).
Prints the largest difference of logits for each check; exits with 1 when one is above the tolerance.
"""
import json
import os
import subprocess
import sys
import tempfile

import peft
import torch
import transformers
from safetensors.torch import load_file

program, fixtures = sys.argv[1], sys.argv[2]
device = sys.argv[3] if len(sys.argv) > 3 else "cpu"
environment = dict(os.environ, **({"CUDA_VISIBLE_DEVICES": ""} if device == "cpu" else {}))
# TF32 and another order of sums on a GPU.
tolerance = 1e-4 if device == "cpu" else 2e-3
worst = 0.0


def ours(*arguments):
    subprocess.run([program, *arguments], check=True, env=environment, stdout=subprocess.DEVNULL)


def our_logits(model, adapter, sequences, work):
    tokens, out = os.path.join(work, "tokens.json"), os.path.join(work, "logits.safetensors")
    json.dump(sequences, open(tokens, "w"))
    ours("inspect", "logits", "--model", model, "--tokens", tokens, "--out", out, *(["--adapter", adapter] if adapter else []))
    logits = load_file(out)
    return [logits[f"logits.{i}"].float() for i in range(len(sequences))]


def their_logits(model, sequences):
    with torch.no_grad():
        return [model(torch.tensor([s])).logits[0].float() for s in sequences]


def compare(name, mine, theirs):
    global worst
    difference = max((a - b).abs().max().item() for a, b in zip(mine, theirs))
    worst = max(worst, difference)
    print(f"{name:60} {difference:.2e}")


print(f"torch {torch.__version__}, transformers {transformers.__version__}, peft {peft.__version__}, ours on {device}")
for family in ("qwen2", "llama"):
    folder = os.path.join(fixtures, family)
    cases = json.load(open(os.path.join(folder, "cases.json")))
    sequences = cases["sequences"]
    with tempfile.TemporaryDirectory() as work:
        base = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        compare(f"{family}: base", our_logits(folder, None, sequences, work), their_logits(base, sequences))

        rows, adapter = os.path.join(work, "rows.jsonl"), os.path.join(work, "ours")
        with open(rows, "w") as file:
            file.writelines(json.dumps(row) + "\n" for row in cases["train"]["rows"])
        settings = os.path.join(work, "train.yaml")
        json.dump({"model_name_or_path": folder, "stage": "sft", "finetuning_type": "lora", "lora_rank": 4, "lora_target": "all", "template": "empty",
                   "dataset": "none", "tokenized_path": rows, "output_dir": adapter, "per_device_train_batch_size": 4, "max_steps": 8,
                   "learning_rate": 0.005, "save_strategy": "no"}, open(settings, "w"))
        ours("train", settings)
        theirs = peft.PeftModel.from_pretrained(base, adapter)
        compare(f"{family}: adapter trained here, loaded by PEFT", our_logits(folder, adapter, sequences, work), their_logits(theirs, sequences))

        torch.manual_seed(1)
        base = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        fresh = peft.get_peft_model(base, peft.LoraConfig(r=5, lora_alpha=7, target_modules="all-linear", use_rslora=True, init_lora_weights=False))
        saved = os.path.join(work, "theirs")
        fresh.save_pretrained(saved)
        compare(f"{family}: adapter made by PEFT, loaded here", our_logits(folder, saved, sequences, work), their_logits(fresh, sequences))

print(f"largest {worst:.2e}, allowed {tolerance:g}")
sys.exit(worst > tolerance)
