"""Answers of a causal LM folder to prompts of the tiny world: plain batched sampling."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from prefloop.tiny.world import Prompt

MAX_NEW_TOKENS = 160


def load(folder: Path) -> tuple[Any, Any]:
    """Model (fp32, for evaluation) and tokenizer of a Hugging Face folder."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    return model, AutoTokenizer.from_pretrained(folder, padding_side="left")


@torch.inference_mode()
def sample_answers(
    model: Any, tokenizer: Any, prompts: list[Prompt], seed: int, temperature: float = 1.0, batch: int = 100
) -> list[str]:
    """One answer to each prompt, in their order; the whole distribution is sampled, nothing is cut off."""
    torch.manual_seed(seed)
    answers = [""] * len(prompts)
    # prompts of like length share a batch
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i].text))
    for start in range(0, len(order), batch):
        chosen = order[start : start + batch]
        encoded = tokenizer.apply_chat_template(
            [prompts[i].messages for i in chosen],
            add_generation_prompt=True,
            padding=True,
            return_tensors="pt",
            return_dict=True,
        )
        tokens = model.generate(
            **encoded,
            do_sample=True,
            temperature=temperature,
            top_k=0,
            top_p=1.0,
            max_new_tokens=MAX_NEW_TOKENS,
        )
        texts = tokenizer.batch_decode(tokens[:, encoded["input_ids"].shape[1] :], skip_special_tokens=True)
        for i, text in zip(chosen, texts, strict=True):
            answers[i] = text
    return answers
