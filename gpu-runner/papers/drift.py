"""How far an adapter's own answers are from what the base would say."""

from collections.abc import Sequence

from papers.context import Context
from papers.tiny import answer_all, prompt_ids
from prefloop.adapters.lora import Adapter
from prefloop.gates.kl import measure_kl
from prefloop.gates.samples import Answer
from prefloop.tiny.world import Prompt


def kl_per_token(context: Context, adapter: Adapter, prompts: Sequence[Prompt]) -> float:
    """KL to the base, nats per token, on one answer of the adapter to each prompt."""
    drawn = answer_all(context, prompts, adapter, name="drift")
    answers = [
        Answer(prompt_ids(context, prompt), group[0].ids)
        for prompt, group in zip(prompts, drawn, strict=True)
    ]
    measured = measure_kl(context.base.trunk, adapter, answers)
    return measured.value if measured else 0.0
