"""The tiny world's oracle as a process: `python -m prefloop.tiny.judge` answers JSON lines on stdin with JSON lines.

Every request is an object with an `op`, and an `id` that comes back with the answer:

- `{"op": "personas"}` → `personas` [{name, taste}]
- `{"op": "prompts", "kind": "replies", "n": 300, "seed": 7, "split": "held_out"}` → `prompts` [{text, messages, identity}]
- `{"op": "captions", "n": 100, "seed": 7, "fewest": 1, "most": 2}` → `captions`: of pictures, naming so many attributes
- `{"op": "score", "persona": "warm", "items": [{"prompt": …, "replies": […]}]}` → `scores`, `parsed`: a list per item
- `{"op": "parse", "items": …}` → `attributes`: per item and reply an object, or null where it does not parse
- `{"op": "judge", "items": …}` → `verdicts`: per item and reply {parsed, flaws, score}

A `prompt` is a user's message, or chat messages of which the last user's one counts. A malformed request is answered
with `error` {code, message}, and the process lives on. Standard library only: it starts in a moment.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import random
import sys
from collections.abc import Callable, Iterator
from typing import Any, TextIO

from prefloop.tiny import personas
from prefloop.tiny.sprites.attributes import ATTRIBUTES, caption_of, sample_known
from prefloop.tiny.world import KINDS, Prompt, read_prompt, replies, sample_prompts

MAX_PROMPTS = 100_000


def answer(request: Any) -> dict[str, Any]:
    """The answer to one request, without its id. Errors: ValueError says what is wrong with the request."""
    if not isinstance(request, dict):
        raise ValueError("a request is a JSON object")
    op = request.get("op")
    if not isinstance(op, str) or op not in _OPS:
        raise ValueError(f"unknown op {op!r}: one of {', '.join(_OPS)}")
    return _OPS[op](request)


def serve(lines: TextIO, out: TextIO, answer: Callable[[Any], dict[str, Any]] = answer) -> None:
    """Answers every line until the input ends."""
    for line in lines:
        if not line.strip():
            continue
        request_id = None
        try:
            request = json.loads(line)
            request_id = request.get("id") if isinstance(request, dict) else None
            reply = {"id": request_id, **answer(request)}
        except ValueError as error:  # of bad JSON as well
            reply = {"id": request_id, "error": {"code": "bad_request", "message": str(error)}}
        out.write(json.dumps(reply) + "\n")
        out.flush()


def _personas(_: dict[str, Any]) -> dict[str, Any]:
    return {"personas": [{"name": p.name, "taste": p.taste} for p in personas.PERSONAS.values()]}


def _prompts(request: dict[str, Any]) -> dict[str, Any]:
    n, seed = read_count(request), read_seed(request)
    kind, split = request.get("kind", replies.KIND), request.get("split")
    if not isinstance(kind, str) or not isinstance(split, str | None):
        raise ValueError("kind and split are strings")
    found = sample_prompts(kind, n, seed, split)  # pyright: ignore[reportArgumentType]
    return {"prompts": [{"text": p.text, "messages": p.messages, "identity": p.identity} for p in found]}


def _captions(request: dict[str, Any]) -> dict[str, Any]:
    n, seed = read_count(request), read_seed(request)
    fewest, most = request.get("fewest", 1), request.get("most", 4)
    if type(fewest) is not int or type(most) is not int or not 0 < fewest <= most <= len(ATTRIBUTES):
        raise ValueError(f"fewest and most are whole numbers from 1 to {len(ATTRIBUTES)}")
    rng = random.Random(f"captions:{seed}")
    return {"captions": [caption_of(sample_known(rng, fewest, most)) for _ in range(n)]}


def read_count(request: dict[str, Any]) -> int:
    """`n` of a request."""
    n = request.get("n")
    if type(n) is not int or not 0 < n <= MAX_PROMPTS:
        raise ValueError(f"n is a whole number from 1 to {MAX_PROMPTS}")
    return n


def read_seed(request: dict[str, Any]) -> int | str:
    """`seed` of a request; 0 where it has none."""
    seed = request.get("seed", 0)
    if type(seed) not in (int, str):
        raise ValueError("seed is a whole number or a string")
    return seed


def _score(request: dict[str, Any]) -> dict[str, Any]:
    persona = request.get("persona")
    if not isinstance(persona, str):
        raise ValueError("persona is the name of one")
    scores = [[personas.score(persona, prompt, text) for text in texts] for prompt, texts in _items(request)]
    return {"scores": scores, "parsed": [[score > personas.UNPARSED for score in row] for row in scores]}


def _parse(request: dict[str, Any]) -> dict[str, Any]:
    found = [[KINDS[prompt.kind].parse(prompt, text) for text in texts] for prompt, texts in _items(request)]
    return {"attributes": found}


def _judge(request: dict[str, Any]) -> dict[str, Any]:
    found = [[KINDS[prompt.kind].judge(prompt, text) for text in texts] for prompt, texts in _items(request)]
    return {"verdicts": [[dataclasses.asdict(verdict) for verdict in row] for row in found]}


def _items(request: dict[str, Any]) -> Iterator[tuple[Prompt, list[str]]]:
    items = request.get("items")
    if not isinstance(items, list):
        raise ValueError("items is a list of {prompt, replies}")
    for i, item in enumerate(items):
        if not isinstance(item, dict):
            raise ValueError(f"item {i} is not an object")
        texts = item.get("replies")
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise ValueError(f"item {i}: replies is a list of strings")
        yield read_prompt(_user_text(item.get("prompt"), i)), texts


def _user_text(prompt: Any, item: int) -> str:
    if isinstance(prompt, str):
        return prompt
    messages = prompt if isinstance(prompt, list) else []
    said = [m.get("content") for m in messages if isinstance(m, dict) and m.get("role") == "user"]
    if not said or not isinstance(said[-1], str):
        raise ValueError(f"item {item}: prompt is a string, or chat messages with a user's text")
    return said[-1]


_OPS = {
    "personas": _personas,
    "prompts": _prompts,
    "captions": _captions,
    "score": _score,
    "parse": _parse,
    "judge": _judge,
}


def run(module: str, about: str | None, answer: Callable[[Any], dict[str, Any]]) -> None:
    """An oracle as a process: --help says what it is, else lines are answered. about: the module's docstring."""
    description = (about or "").split("\n\n", 1)
    parser = argparse.ArgumentParser(
        prog=f"python -m {module}",
        description=description[0],
        epilog=description[1],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args()
    serve(sys.stdin, sys.stdout, answer)


if __name__ == "__main__":
    run("prefloop.tiny.judge", __doc__, answer)
