"""Writes test/fixtures/text/nfc_cases.txt: code points of random strings and of their NFC, by Python's unicodedata (Unicode 14).

    python3 tools/make_nfc_cases.py > test/fixtures/text/nfc_cases.txt
"""
import random
import unicodedata

random.seed(42)
marks = [cp for cp in range(0x110000) if unicodedata.combining(chr(cp))]
composed = [cp for cp in range(0x110000) if unicodedata.normalize("NFD", chr(cp)) != chr(cp)]
parts = sorted({ord(c) for cp in composed for c in unicodedata.normalize("NFD", chr(cp))})
jamo = [*range(0x1100, 0x1113), *range(0x1161, 0x1176), *range(0x11A7, 0x11C3)]
for i in range(1500):
    pool = [marks, composed, parts, jamo, list(range(0x4E00, 0x4E20))]
    text = "".join(chr(random.choice(random.choice(pool))) for _ in range(random.randint(1, 8)))
    if i % 3 == 0:
        text = unicodedata.normalize("NFD", text)
    print(" ".join(f"{ord(c):X}" for c in text), "|", " ".join(f"{ord(c):X}" for c in unicodedata.normalize("NFC", text)))
