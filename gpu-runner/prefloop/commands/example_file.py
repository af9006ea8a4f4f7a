"""Rows of a JSONL file as training examples: the contract's own Example, or TRL's explicit prompt/chosen/rejected."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from prefloop.contracts import Example


def read_examples(path: Path) -> Iterator[Example]:
    """Rows in file order. Raises ValueError, naming the line, for what is neither form."""
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                yield _to_example(json.loads(line))
            except ValidationError as error:
                first = error.errors()[0]
                where = ".".join(str(part) for part in first["loc"])
                raise ValueError(f"{path}:{number}: {where}: {first['msg']}") from error
            except ValueError as error:
                raise ValueError(f"{path}:{number}: {error}") from error


def _to_example(row: Any) -> Example:
    if not isinstance(row, dict):
        raise ValueError("is not a JSON object")
    if "completions" in row:
        return Example.model_validate(row)
    if missing := {"prompt", "chosen", "rejected"} - row.keys():
        raise ValueError(
            f"has no {', '.join(sorted(missing))}: a row is an Example, or TRL's prompt, chosen, rejected"
        )
    prompt = {"text": row["prompt"]} if isinstance(row["prompt"], str) else {"messages": row["prompt"]}
    prompt |= {name: row[name] for name in ("topic", "answer") if row.get(name) is not None}
    completions = [_completion(row["chosen"]), _completion(row["rejected"])]
    canonical = json.dumps([prompt, completions], sort_keys=True, ensure_ascii=False).encode()
    return Example.model_validate(
        {
            "preference": "h" + hashlib.sha256(canonical).hexdigest()[:40],
            "prompt": prompt,
            "completions": completions,
            "pairs": [{"chosen": 0, "rejected": 1, "p": row.get("p", 1.0), "weight": row.get("weight", 1.0)}],
        }
    )


def _completion(value: Any) -> str:
    """A text, or a list of one assistant message."""
    if isinstance(value, str):
        return value
    match value:
        case [{"role": "assistant", "content": str(content)}]:
            return content
    raise ValueError("chosen and rejected are texts, or lists of one assistant message")
