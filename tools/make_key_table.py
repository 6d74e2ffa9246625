"""Brings src/FinIntent/Settings/other-keys.tsv up to date with the parameters of LLaMA-Factory and of transformers' TrainingArguments.

    python3 tools/make_key_table.py [PARAMETERS.tsv]

A key's default is upstream's, from the installed llamafactory or from a file with the columns key, class, type and default (Python's
repr). What the key does here ("ignored" or "refused") and why is ours: it stays as the table has it. Keys that upstream no longer has stay,
too, since old files hold them. Upstream's keys that the table lacks are listed; each belongs to a settings record or into the table.
"""
import ast
import dataclasses
import pathlib
import sys

TABLE = pathlib.Path(__file__).parent.parent / "src/FinIntent/Settings/other-keys.tsv"


def installed():
    """Key and default of every field of the argument classes that LLaMA-Factory parses a file into."""
    from llamafactory.hparams import parser

    for argument_class in {*parser._TRAIN_ARGS, *parser._INFER_ARGS, *parser._EVAL_ARGS}:
        for field in dataclasses.fields(argument_class):
            yield field.name, None if field.default is dataclasses.MISSING else field.default


def listed(path):
    for line in pathlib.Path(path).read_text().splitlines()[1:]:
        key, _, _, default = line.split("\t")[:4]
        try:
            yield key, ast.literal_eval(default)
        except (SyntaxError, ValueError):  # the repr of an enumeration's member
            yield key, default


def text(default):
    """A default as a settings file writes it; empty for null, false and what has no default."""
    return "" if default is None or default is False else "true" if default is True else str(default)


upstream = dict(listed(sys.argv[1]) if len(sys.argv) > 1 else installed())
lines = TABLE.read_text().splitlines()
head = [line for line in lines if line.startswith("#")]
rows = dict((line.split("\t")[0], line.split("\t")[1:]) for line in lines if not line.startswith("#"))
for key, row in rows.items():
    if row[0] == "refused" and key in upstream:
        row[1] = text(upstream[key])
TABLE.write_text("\n".join(head + ["\t".join([key, *rows[key]]) for key in sorted(rows)]) + "\n")
print("in a settings record, or to be decided:", *sorted(upstream.keys() - rows.keys()), file=sys.stderr)
