"""Help-desk replies: what helps is fixed by the problem, how it is said is free. Personas differ about the how.

A reply is [greeting] [empathy] [reason] steps [closing], with emoji after some sentences. The base model mixes all
styles about evenly. The deliberate flaw, `stray`: one of the steps belongs to another problem.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from typing import Any

from prefloop.tiny.world import helpdesk, phrases
from prefloop.tiny.world.prompt import Prompt, Verdict

KIND = "replies"
FLAWS = ("stray",)
STRAY_RATE = 0.25
MAX_STEPS = 4
NO_PRODUCT = "thing"


@dataclass
class Reply:
    """The choices a reply is made of. `product` is the one it names; `steps` are (register opening, verb phrase); emoji follow the named part."""

    product: str = ""
    greeting: str = ""
    empathy: str = ""
    reason: str = ""
    steps: list[tuple[str, str]] = field(default_factory=list)
    layout: str = "prose"
    closing: str = ""
    emoji: dict[str, str] = field(default_factory=dict)


def sample_prompt(rng: random.Random) -> Prompt:
    """A message about one of the shop's products and one of its problems."""
    product, problem = rng.choice(helpdesk.CASES)
    opener, question = rng.choice(phrases.OPENERS), rng.choice(phrases.QUESTIONS)
    subject = ("my" if opener else "My") + f" {product} {problem.clause}"
    text = f"{opener}{subject}{rng.choice(phrases.TIMES)}. {question}".strip()
    return _prompt(text, product, problem)


def sample_free_prompt(rng: random.Random) -> Prompt:
    """A message that names no product of ours, as a visitor may type it."""
    if rng.random() < 0.6:
        return _prompt(rng.choice(phrases.SMALL_TALK), None, helpdesk.UNKNOWN)
    words = " ".join(rng.sample(_LOOSE_WORDS, rng.randint(1, 9)))
    return _prompt(words + rng.choice(("", ".", "?", "!")), None, helpdesk.UNKNOWN)


def read_prompt(text: str) -> Prompt | None:
    """The prompt behind `text`; a message about nothing the shop knows is a prompt of an unknown problem."""
    match = _SUBJECT.search(text)
    if match is None:
        return _prompt(text, None, helpdesk.UNKNOWN)
    return _prompt(text, match["product"], helpdesk.BY_CLAUSE[match["clause"]])


def sample_answer(rng: random.Random, prompt: Prompt, flawed: bool | None = None) -> str:
    """A reply in a random style. `flawed` decides whether a step goes astray; None leaves it to chance."""
    problem: helpdesk.Problem = prompt.facts["problem"]
    greeting = rng.choice(tuple(phrases.GREETINGS))
    closing = rng.choice(tuple(phrases.CLOSINGS))
    register = rng.choice(tuple(phrases.REGISTERS))
    fixes = rng.sample(problem.fixes, rng.randint(1, MAX_STEPS))
    if flawed or (flawed is None and rng.random() < STRAY_RATE):
        fixes[rng.randrange(len(fixes))] = rng.choice([fix for fix in _ALL_FIXES if fix not in problem.fixes])
    mixed = rng.random() < 0.15
    registers = tuple(phrases.REGISTERS)
    reply = Reply(
        product=prompt.facts["product"] or NO_PRODUCT,
        greeting=rng.choice(phrases.GREETINGS[greeting]),
        empathy=rng.choice(phrases.EMPATHY[rng.choice(tuple(phrases.EMPATHY))]),
        reason=rng.choice(problem.reasons) if rng.random() < 0.5 else "",
        steps=[(rng.choice(phrases.REGISTERS[rng.choice(registers) if mixed else register]), fix) for fix in fixes],
        layout=rng.choice(("prose", "bullets", "numbers")),
        closing=rng.choice(phrases.CLOSINGS[closing]),
    )
    rate = rng.choice((0.0, 0.0, 0.5, 1.0))
    for part in _emoji_parts(reply):
        if rng.random() < rate:
            reply.emoji[part] = rng.choice(phrases.EMOJI)
    return _render(reply)


def parse(prompt: Prompt, answer: str) -> dict[str, Any] | None:
    """The attributes of a reply, or None where it is not in the grammar.

    `greeting`, `empathy`, `layout` and `closing` are the names used in `phrases`; `reason` 0 or 1; `steps` and
    `stray` are counts (a stray is a step or reason of another problem, or another product's name); `casual` and `formal` the shares of steps in that register; `emoji` and `words` are counts.
    """
    text = answer.strip()
    reply = _read(text)
    if reply is None or _render(reply) != text:
        return None
    problem: helpdesk.Problem = prompt.facts["problem"]
    registers = [_REGISTER_OF[opening] for opening, _ in reply.steps]
    strays = sum(fix not in problem.fixes for _, fix in reply.steps)
    strays += bool(reply.reason) and reply.reason not in problem.reasons
    strays += bool(reply.product) and reply.product != (prompt.facts["product"] or NO_PRODUCT)
    return {
        "greeting": _GREETING_OF[reply.greeting],
        "empathy": _EMPATHY_OF[reply.empathy],
        "reason": int(bool(reply.reason)),
        "layout": reply.layout,
        "steps": len(reply.steps),
        "stray": strays,
        "casual": registers.count("casual") / len(registers),
        "formal": registers.count("formal") / len(registers),
        "closing": _CLOSING_OF[reply.closing],
        "emoji": len(reply.emoji),
        "words": len(re.findall(r"\w+", text)),
    }


def judge(prompt: Prompt, answer: str) -> Verdict:
    """Does everything said belong to the problem? The score is 1 less the strays per step."""
    found = parse(prompt, answer)
    if found is None:
        return Verdict(False, {"stray": True}, 0.0)
    return Verdict(True, {"stray": found["stray"] > 0}, max(0.0, 1 - found["stray"] / found["steps"]))


def _prompt(text: str, product: str | None, problem: helpdesk.Problem) -> Prompt:
    identity = f"{KIND}:{product}:{problem.clause}" if product else f"{KIND}:free:{text}"
    return Prompt(KIND, text, identity, {"product": product, "problem": problem})


def _emoji_parts(reply: Reply) -> list[str]:
    parts = [part for part in ("greeting", "empathy", "closing") if getattr(reply, part)]
    parts = [part for part in parts if _formality(reply, part) != "formal"]
    return [*parts, "steps"] if reply.layout == "prose" else parts


def _formality(reply: Reply, part: str) -> str:
    names = {"greeting": _GREETING_OF, "empathy": _EMPATHY_OF, "closing": _CLOSING_OF}
    return names[part][getattr(reply, part)]


def _render(reply: Reply) -> str:
    def with_emoji(part: str, sentence: str) -> str:
        return f"{sentence} {reply.emoji[part]}" if part in reply.emoji else sentence

    head = [with_emoji("empathy", reply.empathy.format(product=reply.product))] if reply.empathy else []
    head += [reply.reason] if reply.reason else []
    steps = [_capitalised(opening + fix) + "." for opening, fix in reply.steps]
    greeting_line, closing = "", with_emoji("closing", reply.closing) if reply.closing else ""
    if reply.greeting and _GREETING_OF[reply.greeting] == "formal":
        greeting_line = reply.greeting + "\n"
    elif reply.greeting:
        head.insert(0, with_emoji("greeting", reply.greeting))
    if reply.layout == "prose":
        body = with_emoji("steps", " ".join([*head, *steps]))
    else:
        marks = (f"{i}. " if reply.layout == "numbers" else "- " for i in range(1, MAX_STEPS + 1))
        lines = [mark + step for mark, step in zip(marks, steps, strict=False)]
        body = "\n".join([*([" ".join(head)] if head else []), *lines])
    on_own_line = reply.layout != "prose" or _CLOSING_OF[reply.closing] == "formal"
    return greeting_line + body + (("\n" if on_own_line else " ") + closing if closing else "")


def _read(text: str) -> Reply | None:
    """The choices behind a rendered reply, read part by part; whitespace is checked by rendering them again."""
    reply, rest = Reply(), text

    def take(part: str, pattern: re.Pattern[str]) -> str:
        nonlocal rest
        match = pattern.match(rest)
        if match is None or not match[1]:
            return ""
        rest = rest[match.end() :]
        if match[2]:
            reply.emoji[part] = match[2]
        return match[1]

    reply.greeting = take("greeting", _GREETING)
    empathy = take("empathy", _EMPATHY)
    reply.product = next(iter(_NAMED.findall(empathy)), "")
    reply.empathy = _NAMED.sub("{product}", empathy)
    reply.reason = take("reason", _REASON)
    while match := _STEP.match(rest):
        opening = match["opening"] or ""
        if not reply.steps and match["mark"]:
            reply.layout = "bullets" if match["mark"] == "- " else "numbers"
        reply.steps.append((opening, match["fix"] if opening else match["fix"][0].lower() + match["fix"][1:]))
        rest = rest[match.end() :]
        if match["emoji"]:
            reply.emoji["steps"] = match["emoji"]
            break
    reply.closing = take("closing", _CLOSING)
    return reply if reply.steps and len(reply.steps) <= MAX_STEPS and not rest else None


def _capitalised(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]


def _inverted(styles: dict[str, tuple[str, ...]]) -> dict[str, str]:
    return {phrase: name for name, options in styles.items() for phrase in options}


def _any_of(options: list[str] | tuple[str, ...]) -> str:
    return "|".join(re.escape(option) for option in sorted(options, key=len, reverse=True))


def _sentence(options: list[str]) -> re.Pattern[str]:
    return re.compile(rf"({_any_of([option for option in options if option])})(?: ({_ONE_EMOJI}))?(?:\s|$)")


_GREETING_OF, _EMPATHY_OF = _inverted(phrases.GREETINGS), _inverted(phrases.EMPATHY)
_REGISTER_OF, _CLOSING_OF = _inverted(phrases.REGISTERS), _inverted(phrases.CLOSINGS)
_PROBLEMS = (*helpdesk.BY_CLAUSE.values(), helpdesk.UNKNOWN)
_ALL_FIXES = tuple(fix for problem in _PROBLEMS for fix in problem.fixes)
_FIXES = _any_of([*_ALL_FIXES, *(fix[0].upper() + fix[1:] for fix in _ALL_FIXES)])
_ONE_EMOJI = _any_of(phrases.EMOJI)
_PRODUCTS = (*helpdesk.ALL_PRODUCTS, NO_PRODUCT)
_NAMED = re.compile(rf"(?<= )(?:{_any_of(_PRODUCTS)})(?=!)")
_GREETING = _sentence(list(_GREETING_OF))
_EMPATHY = _sentence([phrase.format(product=product) for phrase in _EMPATHY_OF for product in _PRODUCTS])
_CLOSING = _sentence(list(_CLOSING_OF))
_REASON = _sentence([reason for problem in _PROBLEMS for reason in problem.reasons])
_OPENINGS = _any_of([opening for opening in _REGISTER_OF if opening])
_STEP = re.compile(
    rf"(?P<mark>- |\d\. )?(?P<opening>{_OPENINGS})?(?P<fix>{_FIXES})\.(?: (?P<emoji>{_ONE_EMOJI}))?(?:\s|$)"
)
_SUBJECT = re.compile(
    rf"\b[Mm]y (?P<product>{_any_of(helpdesk.ALL_PRODUCTS)}) (?P<clause>{_any_of(tuple(helpdesk.BY_CLAUSE))})"
)
_LOOSE_WORDS = sorted({word for fix in _ALL_FIXES for word in fix.split()} | set(helpdesk.ALL_PRODUCTS))
