"""A random base with a tokenizer, and examples of it: for recipes that read and write texts."""

from typing import Any

from random_models import byte_tokenizer, random_trunk

from prefloop.adapters.files import read_peft, write_peft
from prefloop.base import Base
from prefloop.contracts import Example, Recipe
from prefloop.learn import encode_rows, train
from prefloop.recipes.state_files import write_state_files
from prefloop.recipes.trained import Trained
from prefloop.text.encode import TextEncoder
from prefloop.text.reference_cache import ReferenceCache

FORM = {"rank": 4, "lora_alpha": 8.0, "micro_batch": 4, "learning_rate": 3e-3}


def new_base(many_ends: bool = False) -> Base:
    """many_ends: so many tokens end an answer that a random model comes to an end; they are no texts any more."""
    encoder = TextEncoder(byte_tokenizer())
    if many_ends:
        encoder.end_ids = (0, *range(290, 320))
    return Base("random", random_trunk(), encoder, "f" * 64)


def example(number: int, completions: list[str], **more: Any) -> Example:
    """Its first completion is chosen over each other one."""
    prompt = {"messages": [{"role": "user", "content": f"this and that {number}"}]} | more.pop("prompt", {})
    pairs = [
        {"chosen": 0, "rejected": i, "p": 1.0, "weight": 1 / (len(completions) - 1)}
        for i in range(1, len(completions))
    ]
    body = {"preference": f"h{number:040x}", "prompt": prompt, "completions": completions, "pairs": pairs}
    return Example.model_validate(body | more)


def run(
    base: Base, recipe: Recipe, examples: list[Example], parent: dict[str, bytes] | None = None
) -> Trained:
    rows, refused = encode_rows(base, examples, recipe)
    assert not refused
    return train(base, ReferenceCache("test"), parent, rows, recipe, lambda: None)


def files_of(base: Base, trained: Trained) -> dict[str, bytes]:
    files = write_peft(trained.adapter, base.trunk.layers, "random")
    return files | write_state_files(trained.tensors, trained.facts)


def served(base: Base, trained: Trained):
    """The adapter as a server reads it."""
    return read_peft(files_of(base, trained), base.trunk.layers).freeze()
