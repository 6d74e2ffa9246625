"""Writes src/FinIntent/Text/nfc.txt, the canonical compositions of Unicode, from Python's own tables.

    python3 tools/make_nfc_table.py > src/FinIntent/Text/nfc.txt

InvariantGlobalization (no ICU on a bare machine) turns string.Normalize into a no-op, so the table ships with the library.
"""
import sys
import unicodedata

print(f"# Unicode {unicodedata.unidata_version}; made by tools/make_nfc_table.py")
print("# = C A B: C and A B are equivalent, NFC is C;  > C A [B]: the same, NFC is A B;  c FIRST LAST CLASS: combining class")
for cp in range(sys.maxunicode + 1):
    if 0xAC00 <= cp <= 0xD7A3:  # Hangul syllables are computed
        continue
    parts = unicodedata.decomposition(chr(cp)).split()
    if parts and not parts[0].startswith("<"):
        sign = "=" if unicodedata.normalize("NFC", chr(cp)) == chr(cp) else ">"
        print(sign, f"{cp:X}", *(p.lstrip("0") for p in parts))
first = 0
for cp in range(1, sys.maxunicode + 2):
    before = unicodedata.combining(chr(cp - 1))
    if cp > sys.maxunicode or unicodedata.combining(chr(cp)) != before:
        if before:
            print(f"c {first:X} {cp - 1:X} {before}")
        first = cp
