"""Help-desk replies: what helps is fixed by the problem, how it is said is free. Personas differ about the how.

A reply is [greeting] [empathy] [reason] steps [closing], with emoji after some sentences. The base model mixes all
styles about evenly. The deliberate flaw, `stray`: one of the steps is of no use.
"""

from __future__ import annotations

import random
import re
from typing import Any

from prefloop.tiny.world import helpdesk, phrases, reply_form
from prefloop.tiny.world.prompt import Prompt, Verdict
from prefloop.tiny.world.reply_form import NO_PRODUCT, Reply

KIND = "replies"
FLAWS = ("stray",)
STRAY_RATE = 0.3
REASON_RATE = 0.5
MIXED_REGISTER_RATE = 0.15
EMOJI_RATES = (0.0, 0.0, 0.5, 1.0)  # a reply has one of them, for each place an emoji can stand


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


def read_prompt(text: str) -> Prompt:
    """The prompt behind `text`; a message about nothing the shop knows is a prompt of an unknown problem."""
    match = _SUBJECT.search(text)
    if match is None:
        return _prompt(text, None, helpdesk.UNKNOWN)
    return _prompt(text, match["product"], helpdesk.BY_CLAUSE[match["clause"]])


def sample_answer(rng: random.Random, prompt: Prompt, flawed: bool | None = None) -> str:
    """A reply in a random style. `flawed` decides whether a step goes astray; None leaves it to chance."""
    problem: helpdesk.Problem = prompt.facts["problem"]
    fixes = rng.sample(problem.fixes, rng.randint(1, reply_form.MAX_STEPS))
    if flawed or (flawed is None and rng.random() < STRAY_RATE):
        fixes[rng.randrange(len(fixes))] = rng.choice(helpdesk.USELESS)
    mixed, register = rng.random() < MIXED_REGISTER_RATE, _any_style(rng, phrases.REGISTERS)
    reply = Reply(
        product=prompt.facts["product"] or NO_PRODUCT,
        greeting=rng.choice(_any_style(rng, phrases.GREETINGS)),
        empathy=rng.choice(_any_style(rng, phrases.EMPATHY)),
        reason=rng.choice(problem.reasons) if rng.random() < REASON_RATE else "",
        steps=[(rng.choice(_any_style(rng, phrases.REGISTERS) if mixed else register), fix) for fix in fixes],
        layout=rng.choice(reply_form.LAYOUTS),
        closing=rng.choice(_any_style(rng, phrases.CLOSINGS)),
    )
    rate = rng.choice(EMOJI_RATES)
    reply.emoji = {part: rng.choice(phrases.EMOJI) for part in reply.emoji_parts if rng.random() < rate}
    return reply_form.render(reply)


def parse(prompt: Prompt, answer: str) -> dict[str, Any] | None:
    """The attributes of a reply, or None where it is not in the grammar.

    `greeting`, `empathy`, `layout` and `closing` are the names used in `phrases`; `reason` 0 or 1; `steps` and
    `stray` are counts (a stray is a useless step, or a step, reason or product name that belongs elsewhere); `casual` and
    `formal` the shares of steps in that register; `emoji` and `words` are counts.
    """
    text = answer.strip()
    reply = reply_form.read(text)
    if reply is None:
        return None
    problem: helpdesk.Problem = prompt.facts["problem"]
    registers = [reply_form.REGISTER_OF[opening] for opening, _ in reply.steps]
    strays = sum(fix not in problem.fixes for _, fix in reply.steps)
    strays += bool(reply.reason) and reply.reason not in problem.reasons
    strays += bool(reply.product) and reply.product != (prompt.facts["product"] or NO_PRODUCT)
    return {
        "greeting": reply_form.GREETING_OF[reply.greeting],
        "empathy": reply_form.EMPATHY_OF[reply.empathy],
        "reason": int(bool(reply.reason)),
        "layout": reply.layout,
        "steps": len(reply.steps),
        "stray": strays,
        "casual": registers.count("casual") / len(registers),
        "formal": registers.count("formal") / len(registers),
        "closing": reply_form.CLOSING_OF[reply.closing],
        "emoji": len(reply.emoji),
        "words": len(re.findall(r"\w+", text)),
    }


def judge(prompt: Prompt, answer: str) -> Verdict:
    """Does everything said belong to the problem? The score is 1 less the strays per step."""
    found = parse(prompt, answer)
    if found is None:
        return Verdict(False, {"stray": True}, 0.0)
    return Verdict(True, {"stray": found["stray"] > 0}, max(0.0, 1 - found["stray"] / found["steps"]))


def _any_style(rng: random.Random, styles: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    return styles[rng.choice(tuple(styles))]


def _prompt(text: str, product: str | None, problem: helpdesk.Problem) -> Prompt:
    identity = f"{KIND}:{product}:{problem.clause}" if product else f"{KIND}:free:{text}"
    return Prompt(KIND, text, identity, {"product": product, "problem": problem})


_SUBJECT = re.compile(
    rf"\b[Mm]y (?P<product>{reply_form.any_of(helpdesk.ALL_PRODUCTS)})"
    rf" (?P<clause>{reply_form.any_of(helpdesk.BY_CLAUSE)})"
)
_LOOSE_WORDS = sorted(
    {word for fix in reply_form.ALL_FIXES for word in fix.split()} | set(helpdesk.ALL_PRODUCTS)
)
