"""People of both worlds with a taste of their own, as a process: `python -m prefloop.tiny.people` answers JSON lines on stdin
with JSON lines, as the judge does.

- `{"op": "people", "kind": "pictures", "n": 8, "seed": 7}` → `tastes`: the numbers of each, in the order of the world's axes
- `{"op": "like", "kind": "replies", "prompt": …, "candidates": […], "tastes": [[…]]}` → `likings`: a list per taste, a number
  per candidate, more is better; null for a reply outside the grammar

`kind` is pictures (candidates are PNG in base64, the prompt a caption) or replies (texts, the prompt a user's message).
"""

from __future__ import annotations

import base64
import io
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from PIL import Image

from prefloop.tiny import styles
from prefloop.tiny.judge import read_count, read_seed, run
from prefloop.tiny.sprites.attributes import read_caption
from prefloop.tiny.sprites.reader import read_images
from prefloop.tiny.sprites.tastes import AXES, likes, sample_taste
from prefloop.tiny.world import read_prompt

# For each candidate how much a taste likes it; None where that cannot be said.
Like = Callable[[Sequence[float]], list[float | None]]


def answer(request: Any) -> dict[str, Any]:
    """The answer to one request, without its id. Errors: ValueError says what is wrong with the request."""
    if not isinstance(request, dict):
        raise ValueError("a request is a JSON object")
    kind, op = request.get("kind"), request.get("op")
    if kind not in _KINDS:
        raise ValueError(f"kind is one of {', '.join(_KINDS)}")
    draw, read, axes = _KINDS[kind]
    if op == "people":
        return {"tastes": draw(read_count(request), read_seed(request))}
    if op != "like":
        raise ValueError(f"unknown op {op!r}: one of people, like")
    prompt, candidates, tastes = (request.get(name) for name in ("prompt", "candidates", "tastes"))
    if not isinstance(prompt, str):
        raise ValueError("prompt is a string")
    if not isinstance(candidates, list) or not all(isinstance(one, str) for one in candidates):
        raise ValueError("candidates is a list of strings")
    if not isinstance(tastes, list) or not all(_is_taste(one, axes) for one in tastes):
        raise ValueError(f"tastes is a list of {axes} numbers each")
    like = read(prompt, candidates)
    return {"likings": [like(taste) for taste in tastes]}


def _is_taste(taste: Any, axes: int) -> bool:
    return (
        isinstance(taste, list) and len(taste) == axes and all(isinstance(one, int | float) for one in taste)
    )


def _draw_picture_tastes(count: int, seed: int | str) -> list[list[float]]:
    rng = random.Random(f"people:{seed}")
    return [list(sample_taste(rng).values()) for _ in range(count)]


def _read_pictures(prompt: str, candidates: Sequence[str]) -> Like:
    known = read_caption(prompt)
    creatures = [reading.creature for reading in read_images(_pixels(candidates))] if candidates else []
    return lambda taste: [likes(dict(zip(AXES, taste, strict=True)), one, known) for one in creatures]


def _pixels(candidates: Sequence[str]) -> np.ndarray:
    """(B, 32, 32, 3) of PNG in base64. Raises ValueError for what is none, and of another size."""
    pictures = []
    for at, text in enumerate(candidates):
        try:
            picture = Image.open(io.BytesIO(base64.b64decode(text, validate=True))).convert("RGB")
        except (ValueError, OSError) as error:
            raise ValueError(f"candidate {at} is no picture in base64: {error}") from error
        if picture.size != (32, 32):
            raise ValueError(f"candidate {at} has {picture.size} pixels, not (32, 32)")
        pictures.append(np.asarray(picture))
    return np.stack(pictures)


def _draw_reply_tastes(count: int, seed: int | str) -> list[list[float]]:
    rng = np.random.default_rng(list(f"people:{seed}".encode()))
    return styles.draw_tastes(count, rng).tolist()


def _read_replies(prompt: str, candidates: Sequence[str]) -> Like:
    asked = read_prompt(prompt)
    found = [styles.style_of(asked, text) for text in candidates]
    return lambda taste: [None if style is None else styles.liking(np.array(taste), style) for style in found]


# Of each kind: who draws tastes, who reads candidates, and how many numbers a taste has.
_KINDS = {
    "pictures": (_draw_picture_tastes, _read_pictures, len(AXES)),
    "replies": (_draw_reply_tastes, _read_replies, len(styles.AXES)),
}


if __name__ == "__main__":
    run("prefloop.tiny.people", __doc__, answer)
