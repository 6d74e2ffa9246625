"""Scoring: one forward, logits at each question's last token, the probabilities of five letters on the host."""
import statistics

import torch

from meter import Meter
from rows import Packed, padded, tokens_of

LETTERS = [1, 2, 3, 4, 5]


def padded_logits(model, rows, device):
    inputs = padded(rows, device, left=True)
    inputs.pop("labels")
    positions = (inputs["attention_mask"].cumsum(-1) - 1).clamp(min=0)
    return model(**inputs, position_ids=positions, use_cache=False, logits_to_keep=1).logits[:, -1]


class PackedLogits:
    def __init__(self, longest):
        self.longest = longest

    def __call__(self, model, rows, device):
        return self.forward(model, Packed(rows, device, self.longest))

    def forward(self, model, packed):
        return model(**packed.inputs, use_cache=False, logits_to_keep=packed.ends).logits[0]


class CapturedLogits(PackedLogits):
    """The same as one CUDA graph of the whole forward, for questions of one length."""

    graph = None

    def forward(self, model, packed):
        if self.graph is None:
            self.capture(model, packed)
        for name, value in packed.inputs.items():
            if name != "max_length_q":
                self.packed.inputs[name].copy_(value)
        self.graph.replay()
        return self.logits

    def capture(self, model, packed):
        self.packed = packed
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                super().forward(model, packed)
        torch.cuda.current_stream().wait_stream(stream)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.logits = super().forward(model, packed)


@torch.no_grad()
def measure(model, device, rows, logits_of, turns, until):
    """Medians over passes, and the first question's first probability, to see that all ways compute the same."""
    meter = Meter(device, until)
    first = []

    def turn(_):
        first[:] = logits_of(model, rows, device)[:, LETTERS].float().softmax(-1).cpu()[0].tolist()

    seconds = statistics.median(meter.times(turns, turn))
    return {"tokens_per_second": tokens_of(rows) / seconds, "seconds": seconds, "peak_memory_bytes": meter.peak(), "first_probability": first[0]}
