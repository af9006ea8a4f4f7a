"""Which base this is: what an adapter was trained on decides what it does."""

import hashlib
import json

import torch

from prefloop.text.encode import TextEncoder
from prefloop.text.text_stream import fast_tokenizer
from prefloop.text.trunk import Trunk


def base_fingerprint(trunk: Trunk, encoder: TextEncoder) -> str:
    """SHA-256, in hex, of the base's weights, its tokenizer and its chat template.

    The weights count as bf16, so that an fp32 and a bf16 run of one checkpoint agree, on whatever device.
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(trunk.model.state_dict().items()):
        values = tensor.detach().to(device="cpu")
        if values.is_floating_point():
            values = values.to(torch.bfloat16).view(torch.int16)
        digest.update(f"{name} {list(values.shape)}\n".encode())
        digest.update(values.contiguous().numpy())
    # how a caller last padded or truncated is no part of the tokenizer
    tokenizer = json.loads(fast_tokenizer(encoder).to_str()) | {
        "padding": None,
        "truncation": None,
    }
    digest.update(json.dumps(tokenizer, sort_keys=True).encode())
    digest.update(json.dumps(encoder.tokenizer.chat_template).encode())
    return digest.hexdigest()
