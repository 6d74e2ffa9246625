"""The compared model: transformers and PEFT, and what PyTorch's own parts can do for them."""
import inspect

import peft
import torch
import transformers

PACKED = "packed"


def build(config, device, attention="sdpa"):
    """Random weights of the shape that config (what is in a config.json) describes, with LoRA r 8 on every linear layer."""
    fields = {key: value for key, value in config.items() if key != "model_type"}
    try:
        described = transformers.AutoConfig.for_model(config["model_type"], **fields)
    except ValueError:
        raise SystemExit(f"transformers has no class for model_type {config['model_type']}; choose a qwen2 or llama shape")
    torch.manual_seed(1)
    with device:
        model = transformers.AutoModelForCausalLM.from_config(described, dtype=torch.bfloat16, attn_implementation=attention)
    # init_lora_weights=False: both factors random, so that nothing is measured on zeros.
    lora = peft.LoraConfig(r=8, lora_alpha=16, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM", init_lora_weights=False)
    return peft.get_peft_model(model, lora)


def register_packed_attention():
    """Teaches transformers attention over rows that lie end to end: build(…, PACKED) then uses it, and no mask is made."""
    from torch.nn.attention.varlen import varlen_attn
    from transformers.masking_utils import AttentionMaskInterface

    known = inspect.signature(varlen_attn).parameters
    causal = {"window_size": (-1, 0)} if "window_size" in known else {"is_causal": True}
    if "enable_gqa" in known:
        causal["enable_gqa"] = True

    def attend(module, query, key, value, attention_mask, scaling=None, cu_seq_lens_q=None, max_length_q=None, **_):
        query, key, value = (x[0].transpose(0, 1) for x in (query, key, value))   # [1, H, T, D] to [T, H, D]
        bounds = (cu_seq_lens_q, cu_seq_lens_q, max_length_q, max_length_q)
        return varlen_attn(query, key, value, *bounds, scale=scaling, **causal).unsqueeze(0), None

    transformers.AttentionInterface.register(PACKED, attend)
    AttentionMaskInterface.register(PACKED, lambda *_, **__: None)


def compile_layers(model):
    """Each decoder layer and the last norm by torch.compile: one graph that all layers use, for any number of tokens."""
    torch._dynamo.reset()
    for module in (*model.model.layers, model.model.norm):
        module.compile(dynamic=True)


def float8_training(model):
    """torchao's float8 products in the frozen layers: weights stay bf16, each product quantises both sides with one scale a tensor."""
    from torchao.float8 import Float8LinearConfig, convert_to_float8_training
    recipe = Float8LinearConfig.from_recipe_name("tensorwise")
    convert_to_float8_training(model, config=recipe, module_filter_fn=lambda _, name: name.endswith("base_layer"))


def float8_weights(model):
    """torchao's float8 for inference: the layers' weights are kept in float8, activations are quantised on their way."""
    from torchao.quantization import Float8DynamicActivationFloat8WeightConfig, quantize_
    config = Float8DynamicActivationFloat8WeightConfig(set_inductor_config=False)
    quantize_(model, config, filter_fn=lambda module, name: isinstance(module, torch.nn.Linear) and "layers" in name)
