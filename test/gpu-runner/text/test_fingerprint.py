import torch
from random_models import byte_tokenizer, random_trunk

from prefloop.text.encode import TextEncoder
from prefloop.text.fingerprint import base_fingerprint


def test_it_names_the_base_whatever_it_runs_as() -> None:
    trunk, encoder = random_trunk(), TextEncoder(byte_tokenizer())
    name = base_fingerprint(trunk, encoder)
    assert len(name) == 64
    assert base_fingerprint(random_trunk(), TextEncoder(byte_tokenizer())) == name
    assert base_fingerprint(random_trunk(dtype=torch.bfloat16), encoder) == name
    encoder.tokenizer.pad_token = "<|end|>"
    encoder.tokenizer(["a", "a longer text"], padding=True, truncation=True, max_length=3)
    assert base_fingerprint(trunk, encoder) == name


def test_other_weights_tokenizers_and_templates_have_other_names() -> None:
    trunk, encoder = random_trunk(), TextEncoder(byte_tokenizer())
    more_tokens, other_template = byte_tokenizer(), byte_tokenizer()
    more_tokens.add_tokens(["<|more|>"])
    other_template.chat_template = other_template.chat_template.replace("<|end|>", "<|end|>\n")
    names = {
        base_fingerprint(trunk, encoder),
        base_fingerprint(random_trunk(seed=1), encoder),
        base_fingerprint(random_trunk("gpt2"), encoder),
        base_fingerprint(trunk, TextEncoder(more_tokens)),
        base_fingerprint(trunk, TextEncoder(other_template)),
    }
    assert len(names) == 5
