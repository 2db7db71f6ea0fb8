"""Hugging Face's BERT and DistilBERT with random weights, through both exporters."""

import numpy as np
import torch
from onnx_models_torch import both_exporters
from transformers import BertConfig, BertModel, DistilBertConfig, DistilBertModel

STEPS = 12
SIZES = {"vocab_size": 200, "max_position_embeddings": 32}


class States(torch.nn.Module):
    """An encoder that gives its last states alone."""

    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, input_ids, attention_mask):
        result = self.encoder(input_ids=input_ids, attention_mask=attention_mask)
        return result.last_hidden_state


def tokens(rng, rows):
    return rng.integers(1, 200, (rows, STEPS), dtype=np.int64)


def mask(rng, rows):
    return (np.arange(STEPS) < rng.integers(3, STEPS + 1, (rows, 1))).astype(np.int64)


def make(cases, options):
    makers = {"input_ids": tokens, "attention_mask": mask}
    bert = BertConfig(
        hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=48, **SIZES
    )
    distil = DistilBertConfig(dim=24, n_layers=2, n_heads=3, hidden_dim=48, **SIZES)
    for attention in ("eager", "sdpa"):
        torch.manual_seed(5)
        bert._attn_implementation = attention
        distil._attn_implementation = attention
        both_exporters(
            cases, f"hf-bert-{attention}", States(BertModel(bert)), makers, static=False
        )
        both_exporters(
            cases, f"hf-distilbert-{attention}", States(DistilBertModel(distil)), makers,
            static=False,
        )  # fmt: skip
