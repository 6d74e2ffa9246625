"""Writes src/FinIntent/Text/nfc.txt, the canonical compositions of Unicode, from Unicode's own files.

    python3 tools/make_nfc_table.py /usr/share/unicode > src/FinIntent/Text/nfc.txt

The folder is that of Debian's package unicode-data: UnicodeData.txt, DerivedNormalizationProps.txt and ReadMe.txt of one version.
InvariantGlobalization (no ICU on a bare machine) turns string.Normalize into a no-op, so the table ships with the library.
"""
import pathlib
import re
import sys

folder = pathlib.Path(sys.argv[1])
version = re.search(r"DerivedNormalizationProps-([0-9.]+)\.txt", (folder / "DerivedNormalizationProps.txt").read_text("utf-8")).group(1)

excluded = set()
for line in (folder / "DerivedNormalizationProps.txt").read_text("utf-8").splitlines():
    fields = [field.strip() for field in line.split("#")[0].split(";")]
    if len(fields) == 2 and fields[1] == "Full_Composition_Exclusion":
        first, _, last = fields[0].partition("..")
        excluded.update(range(int(first, 16), int(last or first, 16) + 1))

classes, decompositions = {}, {}
for line in (folder / "UnicodeData.txt").read_text("utf-8").splitlines():
    code, _, _, combining, _, decomposition, *_ = line.split(";")
    if combining != "0":
        classes[int(code, 16)] = int(combining)
    if decomposition and not decomposition.startswith("<"):
        decompositions[int(code, 16)] = [int(part, 16) for part in decomposition.split()]

print(f"# Unicode {version}; made by tools/make_nfc_table.py from UnicodeData.txt and DerivedNormalizationProps.txt")
print("# = C A B: C and A B are equivalent, NFC is C;  > C A [B]: the same, NFC is A B;  c FIRST LAST CLASS: combining class")
for code, parts in sorted(decompositions.items()):
    print(">" if code in excluded else "=", f"{code:X}", *(f"{part:X}" for part in parts))
first = before = None
for code in [*sorted(classes), None]:
    if before is not None and (code != before + 1 or classes[code] != classes[before]):
        print(f"c {first:X} {before:X} {classes[before]}")
        first = None
    if first is None:
        first = code
    before = code
