"""Every gate, over as little evidence as will do: what must hold before an adapter is served.

Held-out votes (the newest, or this batch's own for displacement while there are none) scored by the adapter, and one
sampled answer to each of a fixed handful of prompts. What the base says to the same is remembered.
"""

from collections.abc import Sequence

from prefloop.adapters.lora import Adapter
from prefloop.base import Base
from prefloop.contracts import Gate, GateBounds
from prefloop.gates.accuracy import check_accuracy
from prefloop.gates.displacement import check_displacement
from prefloop.gates.kl import check_kl, measure_kl
from prefloop.gates.length import check_length, measure_length
from prefloop.gates.samples import BaseAnswers, digest, sample_answers
from prefloop.gates.scored import score_rows
from prefloop.text.decode import Decoder
from prefloop.text.encode import Encoded
from prefloop.text.reference_cache import ReferenceCache

HELD_OUT_ROWS = 64
SAMPLED_PROMPTS = 16
# While fewer held-out prompts than this are known, the batch's own are sampled too.
FEWEST_PROMPTS = 8
SAMPLED_TOKENS = 128


def check_gates(
    base: Base,
    cache: ReferenceCache,
    base_answers: BaseAnswers,
    adapter: Adapter,
    held_out: Sequence[Encoded],
    rows: Sequence[Encoded],
    bounds: GateBounds,
) -> list[Gate]:
    """In a fixed order. `rows` are those just trained on; at least one."""
    scored = score_rows(base.trunk, cache, adapter, held_out[-HELD_OUT_ROWS:])
    seen = scored or score_rows(base.trunk, cache, adapter, rows[:HELD_OUT_ROWS])

    prompts = choose_prompts(held_out, rows, base.trunk.context)
    context = max((len(prompt) for prompt in prompts), default=1) + SAMPLED_TOKENS
    decoder = Decoder(base.trunk, base.encoder.end_ids, SAMPLED_PROMPTS, context)
    answers = sample_answers(decoder, prompts, adapter, SAMPLED_TOKENS)
    before = base_answers.sample(decoder, prompts, SAMPLED_TOKENS)
    lengths = [[len(answer.completion) for answer in side] for side in (answers, before)]
    return [
        check_accuracy(scored, bounds.min_accuracy),
        check_displacement(seen, bounds.max_displacement),
        check_kl(measure_kl(base.trunk, adapter, answers), bounds.max_kl),
        check_length(measure_length(*lengths), bounds.max_length_ratio),
    ]


def choose_prompts(
    held_out: Sequence[Encoded], rows: Sequence[Encoded], context: int
) -> list[tuple[int, ...]]:
    """The same few every time, as long as the same are there: by their hash, not by when they came."""
    known, recent = (
        sorted({row.prompt for row in some if len(row.prompt) + SAMPLED_TOKENS <= context}, key=digest)
        for some in (held_out, rows)
    )
    fresh = [prompt for prompt in recent if prompt not in known]
    return known[:SAMPLED_PROMPTS] + fresh[: max(0, FEWEST_PROMPTS - len(known))]
