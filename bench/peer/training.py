"""LoRA updates: AdamW, a norm of at most 1, adapters in fp32 under autocast as PEFT makes them."""
import statistics

import torch

from meter import Meter
from rows import Packed, chunks, padded, tokens_of


def padded_loss(model, part, device):
    return model(**padded(part, device), use_cache=False).loss


class PackedLoss:
    """Rows without padding, and logits only where a label is predicted."""

    def __init__(self, longest):
        self.longest = longest

    def __call__(self, model, part, device):
        packed = Packed(part, device, self.longest)
        logits = model(**packed.inputs, use_cache=False, logits_to_keep=packed.before_labels).logits[0]
        return torch.nn.functional.cross_entropy(logits.float(), packed.labels)


def measure(model, device, rows, count, batch, loss_of, steps, until):
    """
    Medians over `steps` updates of `count` rows, in forwards of `batch` rows or, where those do not fit in memory, half as many.
    The first update's loss stands beside them: it is about the same for every way to compute it.
    """
    while True:
        try:
            return updates(model, device, rows, count, batch, loss_of, steps, until)
        except torch.cuda.OutOfMemoryError:
            if batch <= 8:
                raise
            batch //= 2
        model.zero_grad(set_to_none=True)


def updates(model, device, rows, count, batch, loss_of, steps, until):
    model.train()
    trained = [p for p in model.parameters() if p.requires_grad]
    before = [p.detach().clone() for p in trained]
    optimizer = torch.optim.AdamW(trained, lr=1e-4, weight_decay=0.0, fused=device.type == "cuda")
    meter = Meter(device, until)
    rows = chunks(rows, count)
    losses = []

    def update(i):
        total = 0
        for part in chunks(rows[i], batch):
            with torch.autocast(device.type, dtype=torch.bfloat16):
                loss = loss_of(model, part, device) * len(part) / count
            loss.backward()
            total += loss.detach()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(total.item())

    try:
        seconds = meter.times(steps, update)
    finally:
        # The next measurement begins with the same adapters.
        with torch.no_grad():
            for parameter, value in zip(trained, before):
                parameter.copy_(value)
    measured = rows[meter.warm_up:meter.warm_up + len(seconds)]
    return {"tokens_per_second": statistics.median(tokens_of(update) / time for update, time in zip(measured, seconds)),
            "seconds": statistics.median(seconds), "peak_memory_bytes": meter.peak(), "rows_a_forward": batch, "first_loss": losses[0]}
