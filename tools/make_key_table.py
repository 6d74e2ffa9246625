"""Brings src/FinIntent/Settings/llamafactory-keys.tsv up to date with LLaMA-Factory's parser, and writes docs/keys.md from it.

    python3 tools/make_key_table.py [PARAMETERS.tsv]

Keys and defaults are upstream's: of the installed llamafactory (0.9.5 made the table), or of a file with the columns key, class, type and
default (Python's repr). What a key does here and why is ours and stays as the table has it. Upstream's keys that the table lacks are
listed, each to be decided, and so are those that upstream no longer has: they belong into older-keys.tsv, since old files hold them.
"""
import ast
import dataclasses
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).parent.parent
TABLE, OLDER = (ROOT / "src/FinIntent/Settings" / name for name in ("llamafactory-keys.tsv", "older-keys.tsv"))
PAGE = ROOT / "docs/keys.md"


def installed():
    """Key and default of every field of the argument classes that LLaMA-Factory parses a file into."""
    from llamafactory.hparams import parser

    for argument_class in {*parser._TRAIN_ARGS, *parser._INFER_ARGS, *parser._EVAL_ARGS}:
        for field in dataclasses.fields(argument_class):
            has_factory = field.default_factory is not dataclasses.MISSING
            default = field.default_factory() if has_factory else field.default
            yield field.name, text(None if default is dataclasses.MISSING else getattr(default, "value", default))


def listed(path):
    for line in pathlib.Path(path).read_text().splitlines()[1:]:
        key, _, _, default = line.split("\t")[:4]
        member = re.fullmatch(r"<\w+\.\w+: '(.*)'>", default)  # of an enumeration
        yield key, member[1] if member else text(ast.literal_eval(default))


def text(default):
    """A default as a settings file writes it."""
    words = {None: "null", True: "true", False: "false", "": '""'}
    is_word = default is None or isinstance(default, (bool, str))
    return words.get(default, str(default)) if is_word else str(default)


def read(path):
    lines = path.read_text().splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return [line for line in lines if line.startswith("#")], {row[0]: row[1:] for row in rows}


def grouped(rows, effect, by):
    groups = {}
    for key, row in rows.items():
        if row[0] == effect:
            groups.setdefault(by(row), []).append(f"`{key}`")
    return groups


def page(current, older):
    code = lambda keys: ", ".join(keys)
    parts = grouped(current | older, "part", lambda row: (row[2], row[3]))
    used = [f"`{key}`" for key, row in current.items() if row[0] == "used"]
    yield f"""# LLaMA-Factory's keys

All {len(current)} keys that LLaMA-Factory 0.9.5 takes are known here, and {len(older)} that older files hold. `tools/make_key_table.py` makes this page from `src/FinIntent/Settings/*-keys.tsv`, with the
defaults of LLaMA-Factory's parser. The program's own keys stand on the pages of the commands.

## Keys with an effect

{len(used)}: {code(used)}. See [train.md](train.md#all-supported-keys), [data.md](data.md), [export.md](export.md), [inference.md](inference.md) and [eval.md](eval.md).

## Keys without effect

They may have any value. A run lists those that are given once, at its start.

| why | keys |
|---|---|"""
    ignored = grouped(current | older, "ignored", lambda row: row[3])
    for reason, keys in sorted(ignored.items()):
        yield f"| {reason} | {code(keys)} |"
    yield """
## Features that are not here

The key that turns one on is an error that names the feature. While it is off, the keys that belong to the feature have no effect.

| feature | turned on by | why it is not here | its keys |
|---|---|---|---|"""
    features = {(row[2], key): row[3] for key, row in (current | older).items() if row[0] == "refused" and row[2]}
    for feature, key in sorted({*features, *parts}, key=lambda pair: pair[0].lower()):
        reason = features.get((feature, key), "see the values of that key")
        yield f"| {feature} | `{key}` | {reason} | {code(parts.get((feature, key), []))} |"
    yield """
## Keys that are accepted at their default only

| key | default | why, or what to do instead |
|---|---|---|"""
    for key, row in sorted((current | older).items()):
        if row[0] == "refused" and not row[2]:
            yield f"| `{key}` | `{row[1]}` | {row[3]} |"
    yield """
## Old names

They are read as the key's name today, and a line says so; with both names given, the values must be the same. The value `bitsandbytes` of `quantization_method` is read as `bnb`.

| old | today |
|---|---|"""
    for key, row in older.items():
        if row[0] == "renamed":
            yield f"| `{key}` | `{row[3]}` |"


upstream = dict(listed(sys.argv[1]) if len(sys.argv) > 1 else installed())
head, rows = read(TABLE)
for key in rows.keys() & upstream.keys():
    rows[key][1] = upstream[key]
TABLE.write_text("\n".join(head + ["\t".join([key, *rows[key]]) for key in sorted(rows)]) + "\n")
PAGE.write_text("\n".join(page(rows, read(OLDER)[1])) + "\n")
print("to be decided:", *sorted(upstream.keys() - rows.keys()), file=sys.stderr)
print("no longer upstream's:", *sorted(rows.keys() - upstream.keys()), file=sys.stderr)
