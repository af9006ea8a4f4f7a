"""Word problems solved in steps: "Step 1: 12 + 7 = 19." … "Answer: 19." Every step can be checked.

The deliberate flaw, `wrong_step`: one step's result is off, and the following steps go on from it.
"""

from __future__ import annotations

import random
import re
from typing import Any

from prefloop.tiny.world.prompt import Prompt, Verdict

KIND = "sums"
FLAWS = ("wrong_step",)
WRONG_RATE = 0.22
NAMES = ("Mia", "Tom", "Ada", "Ben", "Eva", "Sam", "Lea", "Max", "Ida", "Jon", "Zoe", "Finn")
THINGS = (
    "apples", "coins", "cards", "shells", "books", "stamps", "pens", "stones", "cakes", "eggs", "beads", "nuts",
)  # fmt: skip
SLIPS = (-10, -2, -1, 1, 2, 10)
ADDING = ("buys {n} more", "finds {n} more", "gets {n} from a friend", "wins {n} more")
TAKING = ("gives away {n}", "loses {n}", "sells {n}", "drops {n}")
TIMES = {2: "then has twice as many", 3: "then has three times as many"}
MAX_VALUE = 199


def sample_prompt(rng: random.Random) -> Prompt:
    """A story of two to four changes of a number, all values between 1 and 199."""
    name, thing = rng.choice(NAMES), rng.choice(THINGS)
    value = start = rng.randint(3, 60)
    operations: list[tuple[str, int]] = []
    parts: list[str] = []
    for _ in range(rng.choice((2, 2, 3, 3, 4))):
        sign = rng.choice("++--*")
        if sign == "*" and value <= MAX_VALUE // 3 and "*" not in [done for done, _ in operations]:
            n = rng.choice((2, 3))
            parts.append(TIMES[n])
        elif sign == "-" and value > 3:
            n = rng.randint(2, min(40, value - 1))
            parts.append(rng.choice(TAKING).format(n=n))
        else:
            sign, n = "+", rng.randint(2, 40)
            parts.append(rng.choice(ADDING).format(n=n))
        operations.append((sign, n))
        value = _apply(value, sign, n)
    story = " ".join(f"{name} {part}." for part in parts)
    return _prompt(
        f"{name} has {start} {thing}. {story} How many {thing} does {name} have now?", start, operations
    )


def read_prompt(text: str) -> Prompt | None:
    """The prompt behind `text`, or None where it is no story of this kind."""
    match = _STORY.fullmatch(text)
    if match is None:
        return None
    operations = []
    for part in _CHANGE.finditer(match["story"]):
        if part["times"]:
            operations.append(("*", 2 if part["times"] == "twice" else 3))
        else:
            operations.append(("+", int(part["add"])) if part["add"] else ("-", int(part["take"])))
    return _prompt(text, int(match["start"]), operations)


def sample_answer(rng: random.Random, prompt: Prompt, flawed: bool | None = None) -> str:
    """The worked solution. `flawed` decides whether one step is wrong; None leaves it to chance."""
    operations = prompt.facts["operations"]
    wrong = flawed or (flawed is None and rng.random() < WRONG_RATE)
    wrong_at = rng.randrange(len(operations)) if wrong else None
    value, lines = prompt.facts["start"], []
    for i, (sign, n) in enumerate(operations):
        result = _apply(value, sign, n)
        if i == wrong_at:
            result += rng.choice([slip for slip in SLIPS if result + slip > 0])
        lines.append(f"Step {i + 1}: {value} {sign} {n} = {result}.")
        value = result
    return "\n".join([*lines, f"Answer: {value}."])


def parse(prompt: Prompt, answer: str) -> dict[str, Any] | None:
    """`steps` [(left, sign, right, result)], `correct` per step, `first_wrong` (index or None), `answer`, `solved`.

    A step is correct when its operation is the story's next one, starts from the last result, and its result is right.
    """
    match = _SOLUTION.fullmatch(answer.strip())
    if match is None:
        return None
    lines = _STEP.findall(match["steps"])
    if [int(number) for number, *_ in lines] != list(range(1, len(lines) + 1)):
        return None
    steps = [(int(left), sign, int(right), int(result)) for _, left, sign, right, result in lines]
    operations, value = prompt.facts["operations"], prompt.facts["start"]
    correct = []
    for i, (left, sign, right, result) in enumerate(steps):
        asked = i < len(operations) and (sign, right) == tuple(operations[i])
        correct.append(asked and left == value and result == _apply(left, sign, right))
        value = result
    first_wrong = next((i for i, right in enumerate(correct) if not right), None)
    solved = int(match["answer"]) == _solution(prompt) and len(steps) == len(operations)
    return {
        "steps": steps,
        "correct": correct,
        "first_wrong": first_wrong,
        "answer": int(match["answer"]),
        "solved": solved,
    }


def judge(prompt: Prompt, answer: str) -> Verdict:
    """Is every step right and the sum solved? The score is the share of the asked steps before the first wrong one."""
    found = parse(prompt, answer)
    if found is None:
        return Verdict(False, {"wrong_step": True}, 0.0)
    asked = len(prompt.facts["operations"])
    good = len(found["steps"]) if found["first_wrong"] is None else found["first_wrong"]
    flawless = found["first_wrong"] is None and found["solved"]
    return Verdict(True, {"wrong_step": not flawless}, 1.0 if flawless else min(good, asked) / (asked + 1))


def _prompt(text: str, start: int, operations: list[tuple[str, int]]) -> Prompt:
    identity = f"{KIND}:{start}" + "".join(f"{sign}{n}" for sign, n in operations)
    return Prompt(KIND, text, identity, {"start": start, "operations": tuple(operations)})


def _apply(value: int, sign: str, n: int) -> int:
    return value + n if sign == "+" else value - n if sign == "-" else value * n


def _solution(prompt: Prompt) -> int:
    value = prompt.facts["start"]
    for sign, n in prompt.facts["operations"]:
        value = _apply(value, sign, n)
    return value


_CHANGE = re.compile(
    r"(?:buys|finds|gets|wins) (?P<add>\d+)|(?:gives away|loses|sells|drops) (?P<take>\d+)"
    r"|then has (?P<times>twice|three times)"
)
_STORY = re.compile(
    rf"(?P<name>{'|'.join(NAMES)}) has (?P<start>\d+) (?P<thing>{'|'.join(THINGS)})\. (?P<story>.+) "
    r"How many (?P=thing) does (?P=name) have now\?"
)
_N = r"-?\d{1,6}"
_LINE = rf"Step (\d{{1,2}}): ({_N}) ([-+*]) ({_N}) = ({_N})\.\n"
_STEP = re.compile(_LINE)
_SOLUTION = re.compile(rf"(?P<steps>(?:{_LINE})+)Answer: (?P<answer>{_N})\.")
