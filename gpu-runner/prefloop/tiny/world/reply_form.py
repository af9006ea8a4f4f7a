"""The form of a help-desk reply: from choices to text, and back."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from prefloop.tiny.world import helpdesk, phrases

MAX_STEPS = 4
NO_PRODUCT = "thing"
LAYOUTS = ("prose", "bullets", "numbers")


def _inverted(styles: dict[str, tuple[str, ...]]) -> dict[str, str]:
    return {phrase: name for name, options in styles.items() for phrase in options}


GREETING_OF, EMPATHY_OF = _inverted(phrases.GREETINGS), _inverted(phrases.EMPATHY)
REGISTER_OF, CLOSING_OF = _inverted(phrases.REGISTERS), _inverted(phrases.CLOSINGS)
_PROBLEMS = (*helpdesk.BY_CLAUSE.values(), helpdesk.UNKNOWN)
ALL_FIXES = (*(fix for problem in _PROBLEMS for fix in problem.fixes), *helpdesk.USELESS)


@dataclass
class Reply:
    """The choices a reply is made of: phrases, steps of (register opening, verb phrase), emoji by the part they follow.

    `product` is the one that the empathy names, "" where it names none.
    """

    product: str = ""
    greeting: str = ""
    empathy: str = ""
    reason: str = ""
    steps: list[tuple[str, str]] = field(default_factory=list)
    layout: str = "prose"
    closing: str = ""
    emoji: dict[str, str] = field(default_factory=dict)

    @property
    def emoji_parts(self) -> list[str]:
        """The parts an emoji may follow: never a formal one, never the lines of a list."""
        formality = {
            "greeting": GREETING_OF[self.greeting],
            "empathy": EMPATHY_OF[self.empathy],
            "closing": CLOSING_OF[self.closing],
        }
        parts = [part for part, formal in formality.items() if formal not in ("none", "formal")]
        return [*parts, "steps"] if self.layout == "prose" else parts


def render(reply: Reply) -> str:
    """The text of a reply."""

    def with_emoji(part: str, sentence: str) -> str:
        return f"{sentence} {reply.emoji[part]}" if part in reply.emoji else sentence

    head = [with_emoji("empathy", reply.empathy.format(product=reply.product))] if reply.empathy else []
    head += [reply.reason] if reply.reason else []
    steps = [_capitalised(opening + fix) + "." for opening, fix in reply.steps]
    greeting_line, closing = "", with_emoji("closing", reply.closing) if reply.closing else ""
    if GREETING_OF[reply.greeting] == "formal":
        greeting_line = reply.greeting + "\n"
    elif reply.greeting:
        head.insert(0, with_emoji("greeting", reply.greeting))
    if reply.layout == "prose":
        body = with_emoji("steps", " ".join([*head, *steps]))
    else:
        marks = (f"{i}. " if reply.layout == "numbers" else "- " for i in range(1, MAX_STEPS + 1))
        lines = [mark + step for mark, step in zip(marks, steps, strict=False)]
        body = "\n".join([*([" ".join(head)] if head else []), *lines])
    on_own_line = reply.layout != "prose" or CLOSING_OF[reply.closing] == "formal"
    return greeting_line + body + (("\n" if on_own_line else " ") + closing if closing else "")


def read(text: str) -> Reply | None:
    """The choices behind a rendered reply, or None where `text` is not exactly one."""
    reply, rest = Reply(), text

    def take(part: str, pattern: re.Pattern[str]) -> str:
        nonlocal rest
        match = pattern.match(rest)
        if match is None:
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
        if not reply.steps and match["mark"]:
            reply.layout = "bullets" if match["mark"] == "- " else "numbers"
        plain = match["plain"] or ""
        reply.steps.append((match["opening"] or "", match["fix"] or plain[0].lower() + plain[1:]))
        rest = rest[match.end() :]
        if match["emoji"]:
            reply.emoji["steps"] = match["emoji"]
            break
    reply.closing = take("closing", _CLOSING)
    complete = reply.steps and len(reply.steps) <= MAX_STEPS and not rest
    return (
        reply if complete and render(reply) == text else None
    )  # rendering again checks marks and whitespace


def any_of(options: Iterable[str]) -> str:
    """A pattern of literal alternatives, longer ones first."""
    return "|".join(re.escape(option) for option in sorted(options, key=len, reverse=True))


def _capitalised(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]


def _sentence(options: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"({any_of(option for option in options if option)})(?: ({_ONE_EMOJI}))?(?:\s|$)")


_ONE_EMOJI = any_of(phrases.EMOJI)
_PRODUCTS = (*helpdesk.ALL_PRODUCTS, NO_PRODUCT)
_NAMED = re.compile(rf"(?<= )(?:{any_of(_PRODUCTS)})(?=!)")
_GREETING, _CLOSING = _sentence(GREETING_OF), _sentence(CLOSING_OF)
_EMPATHY = _sentence([phrase.format(product=product) for phrase in EMPATHY_OF for product in _PRODUCTS])
_REASON = _sentence([reason for problem in _PROBLEMS for reason in problem.reasons])
_STEP = re.compile(
    rf"(?P<mark>- |\d\. )?(?:(?P<opening>{any_of(opening for opening in REGISTER_OF if opening)})"
    rf"(?P<fix>{any_of(ALL_FIXES)})|(?P<plain>{any_of(map(_capitalised, ALL_FIXES))}))\."
    rf"(?: (?P<emoji>{_ONE_EMOJI}))?(?:\s|$)"
)
