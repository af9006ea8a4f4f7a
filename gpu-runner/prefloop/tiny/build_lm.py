"""Makes the tiny LM: `python -m prefloop.tiny.build_lm --out FOLDER`.

Trains the tokenizer and a Llama of about 3.2 M parameters on the tiny world and saves an ordinary Hugging Face folder
in bf16. A run that was stopped goes on from its last checkpoint when it is started again with the same options.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from itertools import islice
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
from prefloop.tiny.packing import CONTEXT, packed_batches
from prefloop.tiny.tokenizer import END, PAD, train_tokenizer

VOCAB_SIZE = 2048
TOKENIZER_CONVERSATIONS = 20_000
PEAK_LR, WARMUP_STEPS = 2.5e-3, 100
WEIGHT_DECAY, CLIP_NORM = 0.05, 1.0
# A model this small leaks probability to slips that no reply of the world has. The last norm is scaled by this much, so
# that temperature 1 of the saved model is temperature 0.77 of the trained one.
SHARPNESS = 1.3


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


def loss_on(model: LlamaForCausalLM, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Mean cross-entropy of what the assistant says; no conversation sees another one of its row."""
    document = batch["document"]
    same = document[:, None, :, None] == document[:, None, None, :]
    hidden = model.model(
        input_ids=batch["ids"], position_ids=batch["positions"], attention_mask=same.tril(), use_cache=False
    ).last_hidden_state
    logits = model.lm_head(hidden[:, :-1][batch["scored"]])
    return F.cross_entropy(logits.float(), batch["ids"][:, 1:][batch["scored"]])


def build_optimizers(model: LlamaForCausalLM) -> list[torch.optim.Optimizer]:
    """Muon for the layers' matrices (it takes half the steps of AdamW here), AdamW for embeddings and norms."""
    inner = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
    outer = [p for name, p in model.named_parameters() if p.ndim < 2 or "embed" in name]
    return [
        torch.optim.Muon(inner, PEAK_LR, weight_decay=WEIGHT_DECAY, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(outer, PEAK_LR, betas=(0.9, 0.98), weight_decay=0.0),
    ]


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
    optimizers = build_optimizers(model)
    step, seconds, scored, losses = 0, 0.0, 0, []
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        if saved["seed"] != seed:
            raise ValueError(f"{checkpoint} is of seed {saved['seed']}: remove it, or use that seed")
        model.load_state_dict(saved["model"])
        for optimizer, state in zip(optimizers, saved["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        step, seconds, scored, losses = saved["step"], saved["seconds"], saved["scored"], saved["losses"]
        print(f"going on from step {step}", flush=True)
    batches = packed_batches(tokenizer, f"{seed}:{step}")
    started = time.monotonic() - seconds
    while step < steps and seconds < 60 * minutes:
        for group in (group for optimizer in optimizers for group in optimizer.param_groups):
            group["lr"] = learning_rate(step, max(step / steps, seconds / (60 * minutes)))
        batch = next(batches)
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            loss = loss_on(model, batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP_NORM)
        for optimizer in optimizers:
            optimizer.step()
        model.zero_grad(set_to_none=True)
        step, scored, seconds = step + 1, scored + int(batch["scored"].sum()), time.monotonic() - started
        losses = [*losses[-199:], loss.item()]
        if step % 25 == 0:
            recent = losses[-25:]
            print(f"step {step} loss {sum(recent) / len(recent):.4f} after {seconds:.0f} s", flush=True)
        if step % checkpoint_every == 0:
            state = {
                "model": model.state_dict(),
                "optimizers": [o.state_dict() for o in optimizers],
                "seed": seed,
            }
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
    with torch.no_grad():
        model.model.norm.weight.mul_(SHARPNESS)
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
