"""Makes the tiny LM: `python -m prefloop.tiny.build_lm --out FOLDER`.

Trains the tokenizer and a Llama of about 3.2 M parameters on the tiny world and saves an ordinary Hugging Face folder
in bf16. A run that was stopped goes on from its last checkpoint when it is started again with the same options.
Shapes: B rows, T positions of a row.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Iterable, Iterator
from itertools import count, islice
from pathlib import Path

import torch
from torch.nn import functional as F
from transformers import (
    AutoTokenizer,
    GenerationConfig,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

from prefloop.tiny.corpus import conversations
from prefloop.tiny.tokenizer import END, PAD, encode_conversation, train_tokenizer

CONTEXT = 1024
VOCAB_SIZE = 2048
TOKENIZER_CONVERSATIONS = 20_000
# (rows, positions) of a batch; now and then one holds long chats, so that the whole context is trained.
SHORT_ROWS, LONG_ROWS = (16, 192), (3, CONTEXT)
LONG_EVERY, LONG_NEXT_TURN_SHARE = 32, 0.8
PEAK_LR, WARMUP_STEPS = 2.5e-3, 150
WEIGHT_DECAY, CLIP_NORM = 0.05, 1.0


def build_config(tokenizer: PreTrainedTokenizerFast) -> LlamaConfig:
    """The shape of the model: 4 layers of 256, grouped-query attention, tied embeddings."""
    vocabulary = tokenizer.get_vocab()
    return LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=256,
        intermediate_size=704,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        pad_token_id=vocabulary[PAD],
        bos_token_id=None,
        eos_token_id=vocabulary[END],
    )


def packed_batches(tokenizer: PreTrainedTokenizerFast, seed: str) -> Iterator[dict[str, torch.Tensor]]:
    """Batches of whole conversations side by side in rows, without end, see `pack`."""
    short, long = conversations(f"{seed}:short"), conversations(f"{seed}:long", LONG_NEXT_TURN_SHARE)
    pad = tokenizer.get_vocab()[PAD]
    for number in count(1):
        source, shape = (long, LONG_ROWS) if number % LONG_EVERY == 0 else (short, SHORT_ROWS)
        yield pack((encode_conversation(tokenizer, messages) for messages in source), shape, pad)


def pack(
    source: Iterable[tuple[list[int], list[bool]]], shape: tuple[int, int], pad: int
) -> dict[str, torch.Tensor]:
    """Fills rows until conversations stop to fit: `ids`, `positions`, `document` [B, T], `scored` [B, T-1] (next token)."""
    rows, row_tokens = shape
    ids, positions = torch.full(shape, pad), torch.zeros(shape, dtype=torch.long)
    document, said = torch.full(shape, -1), torch.zeros(shape, dtype=torch.bool)
    used, misses = [0] * rows, 0
    for number, (tokens, spoken) in enumerate(source):
        if len(tokens) > row_tokens:
            continue
        row = next((r for r in range(rows) if used[r] + len(tokens) <= row_tokens), None)
        if row is None:
            misses += 1
            if misses == rows:
                break
            continue
        place = slice(used[row], used[row] + len(tokens))
        ids[row, place], said[row, place] = torch.tensor(tokens), torch.tensor(spoken)
        positions[row, place], document[row, place] = torch.arange(len(tokens)), number
        used[row] = place.stop
    return {"ids": ids, "positions": positions, "document": document, "scored": said[:, 1:]}


def loss_on(model: LlamaForCausalLM, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Mean cross-entropy of what the assistant says; no conversation sees another one of its row."""
    document = batch["document"]
    same = document[:, None, :, None] == document[:, None, None, :]
    hidden = model.model(
        input_ids=batch["ids"], position_ids=batch["positions"], attention_mask=same.tril(), use_cache=False
    ).last_hidden_state
    logits = model.lm_head(hidden[:, :-1][batch["scored"]])
    return F.cross_entropy(logits.float(), batch["ids"][:, 1:][batch["scored"]])


def learning_rate(step: int, progress: float) -> float:
    """Linear warm-up, then half a cosine down to a hundredth of the peak."""
    decayed = 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
    return PEAK_LR * min(1.0, (step + 1) / WARMUP_STEPS) * decayed


def build(out: Path, seed: int, steps: int, minutes: float, bf16: bool, checkpoint_every: int) -> None:
    """Trains for `steps`, or until `minutes` are over, and writes the folder `out`."""
    torch.manual_seed(seed)
    checkpoint = out / "checkpoint.pt"
    if checkpoint.exists():
        tokenizer = AutoTokenizer.from_pretrained(out)
    else:
        sample = islice(conversations(seed), TOKENIZER_CONVERSATIONS)
        tokenizer = train_tokenizer(
            (m["content"] for messages in sample for m in messages), VOCAB_SIZE, CONTEXT
        )
        tokenizer.save_pretrained(out)
    model = LlamaForCausalLM(build_config(tokenizer)).train()
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters, {len(tokenizer)} tokens", flush=True)
    matrices = [p for p in model.parameters() if p.ndim == 2]
    vectors = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": matrices, "weight_decay": WEIGHT_DECAY}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=PEAK_LR, betas=(0.9, 0.98), fused=True)
    step, seconds, scored, losses = 0, 0.0, 0, []
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        if saved["seed"] != seed:
            raise ValueError(f"{checkpoint} is of seed {saved['seed']}: remove it, or use that seed")
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        step, seconds, scored, losses = saved["step"], saved["seconds"], saved["scored"], saved["losses"]
        print(f"going on from step {step}", flush=True)
    batches = packed_batches(tokenizer, f"{seed}:{step}")
    started = time.monotonic() - seconds
    while step < steps and seconds < 60 * minutes:
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, max(step / steps, seconds / (60 * minutes)))
        batch = next(batches)
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            loss = loss_on(model, batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP_NORM)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        step, scored, seconds = step + 1, scored + int(batch["scored"].sum()), time.monotonic() - started
        losses = [*losses[-199:], loss.item()]
        if step % 25 == 0:
            recent = losses[-25:]
            print(f"step {step} loss {sum(recent) / len(recent):.4f} after {seconds:.0f} s", flush=True)
        if step % checkpoint_every == 0:
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "seed": seed}
            state |= {"step": step, "seconds": seconds, "scored": scored, "losses": losses}
            torch.save(state, checkpoint.with_suffix(".new"))
            checkpoint.with_suffix(".new").replace(checkpoint)
    save(out, model, tokenizer)
    record = {
        "command": f"python -m prefloop.tiny.build_lm --out FOLDER --seed {seed} --steps {steps} --minutes {minutes:g}"
        + (" --bf16" if bf16 else ""),
        "seed": seed,
        "steps": step,
        "scoredTokens": scored,
        "seconds": round(seconds),
        "loss": round(sum(losses) / max(1, len(losses)), 4),
        "parameters": sum(p.numel() for p in model.parameters()),
        "torch": torch.__version__,
    }
    (out / "build.json").write_text(json.dumps(record, indent=2) + "\n")
    checkpoint.unlink(missing_ok=True)


def save(out: Path, model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast) -> None:
    """Writes the ordinary Hugging Face folder, weights in bf16."""
    model.generation_config = GenerationConfig(
        do_sample=True,
        temperature=1.0,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        max_new_tokens=160,
    )
    model.bfloat16().save_pretrained(out)
    tokenizer.save_pretrained(out)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m prefloop.tiny.build_lm", description="Trains the built-in tiny LM."
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write, also holds the checkpoint")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument(
        "--minutes", type=float, default=60.0, help="stop early after this time, learning rate annealed"
    )
    parser.add_argument(
        "--bf16", action="store_true", help="bf16 autocast: faster where the processor has it"
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--checkpoint-every", type=int, default=250, help="steps")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    build(options.out, options.seed, options.steps, options.minutes, options.bf16, options.checkpoint_every)


if __name__ == "__main__":
    main()
