"""prefloop-runner log-ratios: what basis adapters think of answers that were not dealt, as features of rows.

FILE has one JSON object a line, as `prefloop import` reads them: TRL's {prompt, chosen, rejected} or {prompt, completion}, OpenAI's
{input, preferred_output, non_preferred_output}, UltraFeedback's {instruction, completions}. --out gets every line, with
{features: {space, values}} in its row: one vector an answer, one number an adapter, (log π_k − log π_base) per token. `prefloop
import --features features` sends them. A line that is no such row, or does not fit the model, stays as it is.

--votes gets {userKey, chosen, rejected, weight} of the pairs of which it is known who judged: what `fit-mixture` reads. Pairs of one
person with the same prompt and chosen answer are one pick, and share its weight; a confidence p counts 2p − 1 of a certain one.
"""

import argparse
import hashlib
import json
import math
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prefloop.adapters.files import CONFIG, WEIGHTS
from prefloop.adapters.lora import Adapter
from prefloop.adapters.manifest import manifest_sha
from prefloop.base import Base
from prefloop.canonical_json import canonical_sha
from prefloop.commands.answer_rows import AnswerRow, read_answers
from prefloop.commands.arguments import read_arguments
from prefloop.commands.options import add_model, load_model
from prefloop.commands.score import open_out, read_adapter
from prefloop.commands.summary import write_summary
from prefloop.contracts import Prompt
from prefloop.recipes.state_files import PARTS
from prefloop.text.encode import Untrainable
from prefloop.text.log_ratios import log_ratios

Vectors = list[list[float | None]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--basis", type=Path, nargs="+", required=True, metavar="FOLDER", help="PEFT folders, in order"
    )
    parser.add_argument("--data", type=Path, required=True, metavar="FILE", help="JSONL")
    parser.add_argument("--out", type=Path, metavar="FILE", help="JSONL (default: standard output)")
    parser.add_argument("--votes", type=Path, metavar="FILE", help="JSONL, for fit-mixture")
    parser.add_argument("--user", default="user", metavar="COLUMN", help="who judged (default: user)")
    parser.add_argument(
        "--confidence", default="confidence", metavar="COLUMN", help="½ to 1 (default: confidence)"
    )
    parser.add_argument("--chat", action="store_true", help="a plain prompt is a user's message")
    parser.add_argument("--system", metavar="TEXT", help="the domain's system message, where there is none")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write a summary at the end")
    add_model(parser)


def main(argv: Sequence[str]) -> int:
    args = read_arguments("log-ratios", __doc__, add_arguments, argv)
    for written in (args.out, args.votes):
        if written and written.exists() and written.samefile(args.data):
            raise ValueError(f"{written} is the file that is read: name another one to write to")
    base = load_model(args)
    basis = [read_adapter(base, folder) for folder in args.basis]
    shas = [sha_of(folder) for folder in args.basis]
    space = canonical_sha(shas)
    figures = {"rows": 0, "without": 0, "votes": 0}
    votes: list[dict[str, Any]] = []
    with args.data.open(encoding="utf-8") as data, open_out(args.out) as out:
        for line in map(str.rstrip, data):
            try:
                row = json.loads(line)
                asked = read_answers(row)
                values = ratios_of(base, basis, asked, args.chat, args.system)
            except ValueError:
                figures["without"] += bool(line)
                print(line, file=out)
            else:
                print(json.dumps(row | {"features": {"space": space, "values": values}}), file=out)
                votes += votes_of(asked, values, row.get(args.user), row.get(args.confidence))
            figures["rows"] += bool(line)
    figures["votes"] = len(votes)
    if args.votes:
        args.votes.write_text("".join(json.dumps(vote) + "\n" for vote in share_picks(votes)))
    write_summary(args.json, "log-ratios", figures, seeds=[])
    named = [f"{folder.name}={sha}" for folder, sha in zip(args.basis, shas, strict=True)]
    print("\n".join(named), f"space {space}", sep="\n", file=sys.stderr)
    print(" · ".join(f"{name} {value}" for name, value in figures.items()), file=sys.stderr)
    return 0


def sha_of(folder: Path) -> str:
    """What the edge calls an adapter of these files."""
    paths = [path for name in (CONFIG, WEIGHTS, *PARTS) if (path := folder / name).is_file()]
    return manifest_sha({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths})


def ratios_of(
    base: Base, basis: Sequence[Adapter], asked: AnswerRow, chat: bool = False, system: str | None = None
) -> Vectors:
    """One vector an answer; null for what is not finite. Raises ValueError for what the model cannot read."""
    ids = base.encoder.prompt_ids(as_prompt(asked.prompt, chat, system))
    completions = [base.encoder.completion_ids(text) for text in asked.answers]
    if not ids or not all(asked.answers):
        raise Untrainable("emptyCompletion", "the prompt or an answer is empty")
    if (longest := len(ids) + max(map(len, completions))) > base.trunk.context:
        raise Untrainable("tooLong", f"{longest} tokens, at most {base.trunk.context} fit")
    found = log_ratios(base.trunk, basis, ids, completions)
    return [[one if math.isfinite(one) else None for one in vector] for vector in found]


def as_prompt(prompt: Any, chat: bool, system: str | None) -> Prompt:
    """As inference is asked: the domain's system message before a conversation that has none of its own."""
    if isinstance(prompt, str) and not chat:
        return Prompt(text=prompt)
    said = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
    read = Prompt.model_validate({"messages": said})
    if system is None or any(message.role == "system" for message in read.messages or ()):
        return read
    return Prompt.model_validate({"messages": [{"role": "system", "content": system}, *said]})


def votes_of(asked: AnswerRow, values: Vectors, user: Any, confidence: Any) -> list[dict[str, Any]]:
    """One, or none: of nobody, of no pair, of a label that says nothing, of numbers that are not finite."""
    certainty = 1.0 if confidence is None else confidence
    weight = 2 * certainty - 1 if isinstance(certainty, int | float) else 0.0
    if not asked.is_pair or user is None or not weight > 0 or any(None in vector for vector in values):
        return []
    pick = canonical_sha([asked.prompt, asked.answers[0]])
    return [
        {"userKey": str(user), "chosen": values[0], "rejected": values[1], "weight": weight, "pick": pick}
    ]


def share_picks(votes: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A pick of one among k was exported as k − 1 pairs."""
    pairs = Counter((vote["userKey"], vote["pick"]) for vote in votes)
    return [
        {name: value for name, value in vote.items() if name != "pick"}
        | {"weight": vote["weight"] / pairs[vote["userKey"], vote["pick"]]}
        for vote in votes
    ]
