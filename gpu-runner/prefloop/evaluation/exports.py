"""Answers in the formats that other evaluations read.

AlpacaEval (tatsu-lab/alpaca_eval): a JSON list of { instruction, output, generator, dataset }, one file a model.
lm-evaluation-harness (EleutherAI, 0.4): a JSON line per document as `--log_samples` writes it, `samples_TASK.jsonl`.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answered:
    """prompt: as it was asked; instruction: its last user message. target: a known right answer."""

    instruction: str
    prompt: Any
    output: str
    target: str | None = None


def alpaca_eval(answers: Sequence[Answered], generator: str, dataset: str) -> str:
    rows = [
        {"dataset": dataset, "instruction": one.instruction, "output": one.output, "generator": generator}
        for one in answers
    ]
    return json.dumps(rows, ensure_ascii=False, indent=2) + "\n"


def lm_eval(answers: Sequence[Answered], generation: dict[str, Any]) -> str:
    """generation: the settings that the answers were drawn with, as the harness' gen_kwargs."""
    lines = []
    for number, one in enumerate(answers):
        doc = {"instruction": one.instruction, "target": one.target}
        asked = one.prompt if isinstance(one.prompt, str) else json.dumps(one.prompt, ensure_ascii=False)
        target = one.target or ""
        lines.append(
            {
                "doc_id": number,
                "doc": doc,
                "target": target,
                "arguments": {"gen_args_0": {"arg_0": asked, "arg_1": generation}},
                "resps": [[one.output]],
                "filtered_resps": [one.output],
                "filter": "none",
                "metrics": [],
                "doc_hash": _hash(json.dumps(doc, ensure_ascii=False, indent=2)),
                "prompt_hash": _hash(asked),
                "target_hash": _hash(target),
            }
        )
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
