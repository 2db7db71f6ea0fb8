"""Writes Sources/TandemFeatures/Text/UnicodeTables.swift, by asking the `tokenizers` package.

What counts as a letter, a mark or a space differs between Unicode versions, and the package has
three libraries with a version each inside. So nothing is taken from a table of Unicode: each of the
1,112,064 scalars is put to the package's own normalisers and splitters, and what they do with it is
written down, as runs in a compact notation that UnicodeTable reads.

    .build/interop-text/bin/python Tests/Interop/unicode_tables.py
"""

import argparse
import pathlib

import tokenizers
from tokenizers import normalizers, pre_tokenizers

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/"
HANGUL = range(0xAC00, 0xD7A4)
SCALARS = [code for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF]

# The bits of a class; also in ScalarClass of UnicodeTable.swift.
REMOVED, SPACE, PUNCTUATION, NONSPACING, MARK, IDEOGRAPH = 1, 2, 4, 8, 16, 32
LETTER, NUMBER, PATTERN_SPACE, WORD = 64, 128, 256, 512


def classes():
    """The class of every code point, 0 for surrogates."""
    clean = normalizers.BertNormalizer(
        clean_text=True, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    chinese = normalizers.BertNormalizer(
        clean_text=False, handle_chinese_chars=True, strip_accents=False, lowercase=False)
    accents = normalizers.BertNormalizer(
        clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False)
    marks = normalizers.StripAccents()
    split = pre_tokenizers.WhitespaceSplit()
    bert = pre_tokenizers.BertPreTokenizer()
    words = pre_tokenizers.Whitespace()
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False)

    def is_one(splitter, text):
        return len(splitter.pre_tokenize_str(text)) == 1

    found = [0] * 0x110000
    for code in SCALARS:
        scalar = chr(code)
        value = 0
        if clean.normalize_str(scalar) == "":
            value |= REMOVED
        if not split.pre_tokenize_str(scalar):
            value |= SPACE
        elif not is_one(bert, "a" + scalar):
            value |= PUNCTUATION
        if accents.normalize_str(scalar) == "":
            value |= NONSPACING
        if marks.normalize_str(scalar) == "":
            value |= MARK
        if len(chinese.normalize_str(scalar)) == 3:
            value |= IDEOGRAPH
        if is_one(byte_level, "a" + scalar):
            value |= LETTER
        elif is_one(byte_level, "1" + scalar):
            value |= NUMBER
        elif not is_one(byte_level, "!" + scalar):
            value |= PATTERN_SPACE
        if not value & SPACE and is_one(words, "a" + scalar):
            value |= WORD
        spaced = clean.normalize_str(scalar) == " "
        assert spaced == bool(value & SPACE and not value & REMOVED), hex(code)
        found[code] = value
    return found


def decompositions():
    """The canonical decomposition of each scalar that has one, Hangul syllables apart."""
    nfd = normalizers.NFD()
    found = {}
    for code in SCALARS:
        whole = [ord(scalar) for scalar in nfd.normalize_str(chr(code))]
        if code in HANGUL:
            index = code - HANGUL.start
            parts = [0x1100 + index // 588, 0x1161 + index % 588 // 28]
            assert whole == parts + ([0x11A7 + index % 28] if index % 28 else []), hex(code)
        elif whole != [code]:
            found[code] = whole
    return found


def lower_cases():
    """What each scalar that changes becomes in lower case."""
    lower = normalizers.Lowercase()
    found = {}
    for code in SCALARS:
        text = lower.normalize_str(chr(code))
        if text != chr(code):
            found[code] = [ord(scalar) for scalar in text]
    return found


def combining_classes(decomposed):
    """A number for each scalar that canonical ordering moves: smaller ones stand first.

    Only the order of the numbers is visible through the package: they are found by bisection
    among marks that are already in order.
    """
    nfd = normalizers.NFD()

    def is_moved(first, second):
        return nfd.normalize_str(chr(first) + chr(second)) == chr(second) + chr(first)

    # U+0334 has the lowest number of all, U+0345 the highest: one of them is moved by, or moves,
    # whatever is moved at all.
    moved = [
        code for code in SCALARS
        if code not in decomposed and code not in HANGUL
        and (is_moved(code, 0x0334) or is_moved(0x0345, code))]
    representatives = []
    groups = {}
    for code in moved:
        low, high = 0, len(representatives)
        while low < high:
            middle = (low + high) // 2
            if is_moved(code, representatives[middle]):
                low = middle + 1
            else:
                high = middle
        if low == len(representatives) or is_moved(representatives[low], code):
            representatives.insert(low, code)
            groups[code] = []
        groups[representatives[low]].append(code)
    return {code: 1 + order for order, head in enumerate(representatives) for code in groups[head]}


def compositions(decomposed):
    """The pairs that canonical composition joins, Hangul apart."""
    nfc = normalizers.NFC()
    pairs = []
    for code, whole in decomposed.items():
        text = "".join(map(chr, whole))
        if nfc.normalize_str(text) != chr(code):
            continue
        first = nfc.normalize_str(text[:-1])
        assert len(first) == 1, hex(code)
        pairs.append((ord(first), whole[-1], code))
    return sorted(pairs)


def number(value):
    """A number of 0 or more: 5 bits a digit, lowest first, bit 5 says that another follows."""
    digits = ""
    while value >= 32:
        digits += DIGITS[32 + value % 32]
        value //= 32
    return digits + DIGITS[value]


def signed(value):
    """A number of either sign: the sign in the lowest bit."""
    return number(value * 2 if value >= 0 else -value * 2 - 1)


def runs(values):
    """Pairs of a length and a value, to the end."""
    text, start = "", 0
    for code in range(1, len(values) + 1):
        if code == len(values) or values[code] != values[start]:
            text += number(code - start) + number(values[start])
            start = code
    return text


def mappings(found):
    """Each: how far on, how many scalars, the first by its distance, others from U+0300 on."""
    text, last = "", 0
    for code, whole in sorted(found.items()):
        text += number(code - last) + number(len(whole)) + signed(whole[0] - code)
        text += "".join(signed(scalar - 0x300) for scalar in whole[1:])
        last = code
    return text


def pairs(found):
    """Each: how far on the first, the second from U+0300 on, the whole by its distance."""
    text, last = "", 0
    for first, second, whole in found:
        text += number(first - last) + signed(second - 0x300) + signed(whole - first)
        last = first
    return text


def swift(name, summary, text):
    lines = [text[start:start + 88] for start in range(0, len(text), 88)]
    body = "".join(f"        {line}\\\n" for line in lines[:-1]) + f"        {lines[-1]}\n"
    return f'    /// {summary}\n    static let {name}: StaticString = """\n{body}        """\n'


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default="Sources/TandemFeatures/Text/UnicodeTables.swift")
    arguments = parser.parse_args()
    found = classes()
    decomposed = decompositions()
    ordering = combining_classes(decomposed)
    orders = [ordering.get(code, 0) for code in range(0x110000)]
    parts = [
        swift("classes", "Runs of `ScalarClass`.", runs(found)),
        swift("orders", "Runs of places in the canonical ordering; 0 is never moved.",
              runs(orders)),
        swift("decompositions", "Canonical decompositions, Hangul syllables apart.",
              mappings(decomposed)),
        swift("compositions", "Pairs that canonical composition joins, Hangul apart.",
              pairs(compositions(decomposed))),
        swift("lowerCases", "Scalars that lower case changes.", mappings(lower_cases())),
    ]
    text = (
        "// Generated by Tests/Interop/unicode_tables.py; do not edit.\n//\n"
        f"// What the `tokenizers` package, version {tokenizers.__version__}, does with each "
        "scalar, in the\n// notation of UnicodeTable.swift.\n\n"
        "/// The tables' text.\nenum UnicodeTables {\n" + "\n".join(parts) + "}\n")
    pathlib.Path(arguments.out).write_text(text)
    print(f"{arguments.out}: {len(text)} bytes, {len(decomposed)} decompositions, "
          f"{len(set(ordering.values()))} places")


if __name__ == "__main__":
    main()
