"""prefloop-runner evaluate: answers of an adapter against those of another (or of the base), judged; files for others.

FILE has one JSON object a line: { prompt } (a text, or messages) and, where one is known, the right { answer }. FOLDER
gets answers.jsonl (both answers to every prompt, and the share of the win that the first one gets), and with --export
the adapter's answers as alpaca_eval.json or samples_prefloop.jsonl. An HTTP judge sees every pair in both orders; one
that fails ends the command, and no verdict is made up.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from prefloop.adapters.lora import Adapter
from prefloop.base import Base
from prefloop.commands.arguments import read_arguments
from prefloop.commands.options import add_model, load_model, positive
from prefloop.commands.score import read_adapter
from prefloop.commands.summary import write_summary
from prefloop.contracts import HttpJudge, RefusalJudge, TinyJudge
from prefloop.evaluation.exports import Answered, alpaca_eval, lm_eval
from prefloop.evaluation.win_rate import length_controlled, win_rate
from prefloop.judges.judge import JudgeFailed
from prefloop.judges.make import make_judge
from prefloop.recipes.draw import draw_answers

EXPORTS = {"alpaca-eval": "alpaca_eval.json", "lm-eval": "samples_prefloop.jsonl"}


@dataclass(frozen=True)
class Settings:
    """How answers are drawn."""

    temperature: float
    top_p: float
    max_tokens: int


@dataclass(frozen=True)
class Asked:
    """ids: of the prompt. instruction: what was asked last."""

    prompt: Any
    ids: tuple[int, ...]
    instruction: str
    answer: str | None


def main(argv: Sequence[str]) -> int:
    args = read_arguments("evaluate", __doc__, add_arguments, argv)
    judge = parse_judge(args.judge)
    base = load_model(args)
    ours, theirs = (read_adapter(base, folder) if folder else None for folder in (args.adapter, args.against))
    asked = list(read_prompts(base, args.prompts))
    if not asked:
        raise ValueError(f"{args.prompts} has no prompt")
    pairs = list(
        zip(
            answers_of(base, ours, asked, args, "ours"),
            answers_of(base, theirs, asked, args, "theirs"),
            strict=True,
        )
    )
    try:
        scores = make_judge(judge).score(
            [one.instruction for one in asked], pairs, [one.answer for one in asked]
        )
    except JudgeFailed as error:
        raise ValueError(f"--judge: {error}") from error
    wins = [0.5 + 0.5 * ((a > b) - (a < b)) for a, b in scores]
    write(args, asked, pairs, wins)
    lengths = [[float(len(pair[side])) for pair in pairs] for side in (0, 1)]
    measured = {
        "winRate": win_rate(wins, args.seed),
        "lengthControlledWinRate": length_controlled(wins, lengths[0], lengths[1], args.seed),
    }
    figures: dict[str, Any] = {name: asdict(value) for name, value in measured.items()}
    figures["lengthRatio"] = sum(lengths[0]) / max(1.0, sum(lengths[1]))
    write_summary(args.json, "evaluate", figures, [args.seed])
    shown = [f"{name} {one.value:.3f} ({one.low:.3f} to {one.high:.3f})" for name, one in measured.items()]
    print(" · ".join([*shown, f"{len(wins)} prompts", str(args.out)]))
    return 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--prompts", type=Path, required=True, metavar="FILE", help="JSONL")
    parser.add_argument("--adapter", type=Path, metavar="FOLDER", help="a PEFT folder; none: the base")
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="another one (default: the base)")
    parser.add_argument(
        "--judge", default="tiny", metavar="NAME|JSON", help="tiny, refusal, or an http judge as JSON"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--export", choices=sorted(EXPORTS), action="append", default=[])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--top-p", type=float, default=1.0)
    parser.add_argument("--max-tokens", type=positive, default=256)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write a summary at the end")
    add_model(parser)


def answers_of(
    base: Base, adapter: Adapter | None, asked: Sequence[Asked], args: argparse.Namespace, name: str
) -> list[str]:
    settings = Settings(args.temperature, args.top_p, args.max_tokens)
    drawn = draw_answers(base, [one.ids for one in asked], adapter, 1, settings, f"{args.seed} {name}")
    return [group[0].text if group else "" for group in drawn]


def read_prompts(base: Base, path: Path):
    """Raises ValueError, naming the line."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            prompt = row["prompt"] if isinstance(row, dict) and "prompt" in row else None
            if prompt is None:
                raise ValueError("is no object with a prompt")
            ids = tuple(base.encoder.prompt_ids({"text": prompt} if isinstance(prompt, str) else prompt))
            last = prompt if isinstance(prompt, str) else prompt[-1]["content"]
        except (ValueError, TypeError, KeyError, IndexError) as error:
            raise ValueError(f"{path}:{number}: {error}") from error
        answer = row.get("answer")
        yield Asked(prompt, ids, last, None if answer is None else str(answer))


def write(
    args: argparse.Namespace, asked: Sequence[Asked], pairs: Sequence[tuple[str, str]], wins: Sequence[float]
) -> None:
    args.out.mkdir(parents=True, exist_ok=True)
    rows = [
        {"prompt": one.prompt, "answer": ours, "against": theirs, "win": win}
        for one, (ours, theirs), win in zip(asked, pairs, wins, strict=True)
    ]
    (args.out / "answers.jsonl").write_text(
        "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    )
    answered = [
        Answered(one.instruction, one.prompt, ours, one.answer)
        for one, (ours, _) in zip(asked, pairs, strict=True)
    ]
    generator = args.adapter.name if args.adapter else args.model
    settings = {"temperature": args.temperature, "top_p": args.top_p, "max_gen_toks": args.max_tokens}
    texts = {
        "alpaca-eval": lambda: alpaca_eval(answered, generator, args.prompts.stem),
        "lm-eval": lambda: lm_eval(answered, settings | {"do_sample": args.temperature > 0}),
    }
    for name in args.export:
        (args.out / EXPORTS[name]).write_text(texts[name]())


def parse_judge(text: str) -> TinyJudge | RefusalJudge | HttpJudge:
    """Raises ValueError, naming what is wrong."""
    source = text if text.lstrip().startswith("{") else json.dumps({"type": text})
    try:
        return TypeAdapter[Any](TinyJudge | RefusalJudge | HttpJudge).validate_json(source)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"--judge: {'.'.join(map(str, first['loc'])) or 'it'}: {first['msg']}") from error
