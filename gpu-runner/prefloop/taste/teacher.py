"""A teacher: a vision-language model that is shown some of a person's votes and asked to describe their taste.

Any folder or hub id that transformers reads as image-text-to-text, and whose processor takes several pictures a prompt.
Shapes: T tokens of a prompt · D numbers of a hidden state.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from transformers import AutoModelForImageTextToText, AutoProcessor
from transformers.utils import logging

from prefloop.image.picture import open_picture
from prefloop.taste.vote_file import SeenPair
from prefloop.text.encode import Untrainable

# Votes of one reading, as PPD's authors show their model (arXiv 2501.06655).
READ_VOTES = 4
INSTRUCTION = (
    "These are choices of one person, who was shown two pictures of each caption and preferred the first. "
    "Describe this person's taste: which subjects, colours, styles and moods they like, and which they do not."
)


class Teacher:
    """size: D."""

    def __init__(self, model: Any, processor: Any) -> None:
        self.model, self.processor = model.eval().requires_grad_(False), processor
        text = model.config.get_text_config()
        self.size = int(text.hidden_size)
        self.context = int(getattr(text, "max_position_embeddings", None) or 2**31)

    @torch.inference_mode()
    def read(self, votes: Sequence[SeenPair]) -> Tensor:
        """(D,) fp32 on the CPU: the last layer's hidden states, after its norm, their mean over all tokens of the prompt.

        Raises ValueError for a picture that cannot be read and for more than the model's context holds.
        """
        inputs = self._inputs(votes).to(self.model.device)
        if "pixel_values" in inputs:
            inputs["pixel_values"] = inputs["pixel_values"].to(self.model.dtype)
        length = inputs["input_ids"].shape[1]
        if length > self.context:
            raise ValueError(f"{len(votes)} votes are {length} tokens, and the teacher reads {self.context}")
        hidden_1TD = self.model.base_model(**inputs).last_hidden_state
        return hidden_1TD[0].float().mean(0).cpu()

    def _inputs(self, votes: Sequence[SeenPair]) -> Any:
        """As a user's message, where the model knows conversations; else as plain text."""
        pictures = [_open(vote, side) for vote in votes for side in ("chosen", "rejected")]
        if self.processor.chat_template is None:
            text = "".join(
                part if isinstance(part, str) else self.processor.image_token for part in _prompt(votes)
            )
            return self.processor(text=text, images=pictures, return_tensors="pt")
        shown = iter(pictures)
        content = [
            {"type": "text", "text": part}
            if isinstance(part, str)
            else {"type": "image", "image": next(shown)}
            for part in _prompt(votes)
        ]
        return self.processor.apply_chat_template(
            [{"role": "user", "content": content}],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
        )


def load_teacher(name: str, device: str = "cpu") -> Teacher:
    """A folder or a hub id, in bf16 on a GPU. Raises ValueError for what transformers does not read as image-text-to-text."""
    logging.disable_progress_bar()
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    try:
        model: Any = AutoModelForImageTextToText.from_pretrained(name, dtype=dtype)
        processor = AutoProcessor.from_pretrained(name)
    except (OSError, ValueError, ImportError) as error:
        raise ValueError(f"cannot load a teacher from {name!r}: {error}") from error
    if not hasattr(processor, "image_processor"):
        raise ValueError(f"cannot load a teacher from {name!r}: it has no processor of pictures")
    return Teacher(model.to(device), processor)


def _prompt(votes: Sequence[SeenPair]) -> list[str | None]:
    """None where a picture stands."""
    parts: list[str | None] = []
    for number, vote in enumerate(votes, 1):
        parts += [f'Choice {number}, of "{vote.caption}". Preferred: ', None, " Rejected: ", None, "\n"]
    return [*parts, INSTRUCTION]


def _open(vote: SeenPair, side: str) -> Image.Image:
    path = getattr(vote, side)
    try:
        return open_picture(path.read_bytes())
    except (OSError, Untrainable) as error:
        raise ValueError(f"cannot read the picture {path.name}: {error}") from error
