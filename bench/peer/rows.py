"""How rows become a model's inputs: padded to one length, or end to end in one sequence."""
import torch

# torchao's float8 products want their token counts in multiples of this; a filler row at the end makes them so.
MULTIPLE = 16


def chunks(rows, size):
    return [rows[i:i + size] for i in range(0, len(rows), size)]


def tokens_of(rows):
    return sum(len(row["input_ids"]) for row in rows)


def padded(rows, device, left=False):
    """The inputs [B, T] that transformers' own batches have; `left` pads at the beginning, so that the last token is a row's last."""
    width = max(len(row["input_ids"]) for row in rows)

    def column(values, padding):
        gaps = [[padding] * (width - len(row)) for row in values]
        return torch.tensor([gap + row if left else row + gap for row, gap in zip(values, gaps)], device=device)

    return {
        "input_ids": column([row["input_ids"] for row in rows], 0),
        "labels": column([row["labels"] for row in rows], -100),
        "attention_mask": column([[1] * len(row["input_ids"]) for row in rows], 0),
    }


class Packed:
    """Rows end to end in one sequence [1, T], each with its own positions. T is a multiple of 16: the last row is filler, 0 to 15 tokens."""

    def __init__(self, rows, device, longest):
        lengths = [len(row["input_ids"]) for row in rows]
        lengths.append(-sum(lengths) % MULTIPLE)
        starts = [sum(lengths[:i]) for i in range(len(lengths) + 1)]
        ids = [token for row in rows for token in row["input_ids"]] + [0] * lengths[-1]
        labels = [label for row in rows for label in row["labels"]]
        # A label is predicted by the token before it.
        labelled = [t for t, label in enumerate(labels) if label != -100]

        self.inputs = {
            "input_ids": torch.tensor([ids], device=device),
            "position_ids": torch.tensor([[t for length in lengths for t in range(length)]], device=device),
            # The names under which transformers hands the rows' bounds to an attention function.
            "cu_seq_lens_q": torch.tensor(starts, dtype=torch.int32, device=device),
            "max_length_q": longest,
        }
        self.before_labels = torch.tensor([t - 1 for t in labelled], device=device)
        self.labels = torch.tensor([labels[t] for t in labelled], device=device)
        self.ends = torch.tensor([start - 1 for start in starts[1:-1]], device=device)
