"""Our objectives against TRL's on the same model and batch: losses and LoRA gradients. Runs in the peers' environment.

DPO's losses go through TRL's own trainer, from the data collator to its fused LM head; SimPO's and ORPO's through the loss
functions of TRL's trainers. Ours are given log-probabilities of the same weights by a plain forward pass.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import torch
from datasets import Dataset
from peft import LoraConfig
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from trl import DPOConfig, DPOTrainer
from trl.experimental.cpo import CPOTrainer
from trl.experimental.orpo import ORPOTrainer

sys.path.insert(0, str(Path(__file__).parents[2]))

from prefloop.objectives.dpo import dpo
from prefloop.objectives.hinge import hinge
from prefloop.objectives.ipo import ipo
from prefloop.objectives.ln_dpo import ln_dpo
from prefloop.objectives.margins import PairLogps
from prefloop.objectives.orpo import orpo
from prefloop.objectives.robust import robust
from prefloop.objectives.simpo import simpo

BETA, SMOOTHING, RATIO, LAMBDA = 0.3, 0.1, 0.4, 0.7
ROWS = [
    {"prompt": "the one and", "chosen": " the other", "rejected": " that"},
    {"prompt": "this", "chosen": " and that, and the other", "rejected": " one"},
    {"prompt": "and so", "chosen": " on", "rejected": " forth, and so on and on"},
    {"prompt": "here", "chosen": " it is", "rejected": " it was"},
]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    checks: dict[str, tuple[str, Callable, Callable]] = {
        "sigmoid": ("sigmoid", through_trl, lambda pairs: dpo(pairs, BETA).losses_B),
        "hinge": ("hinge", through_trl, lambda pairs: hinge(pairs, BETA).losses_B),
        "robust": ("robust", through_trl, lambda pairs: robust(pairs, BETA, SMOOTHING).losses_B),
        # TRL divides the log-ratios of IPO by their lengths; ours is the paper's sum
        "ipo": ("ipo", through_trl, lambda pairs: ipo(pairs.per_token, BETA).losses_B),
        "sigmoid_norm": ("sigmoid_norm", through_trl, lambda pairs: ln_dpo(pairs, BETA).losses_B),
        "simpo": ("sigmoid", simpo_of_trl, lambda pairs: simpo(pairs, 2.0, RATIO, SMOOTHING).losses_B),
        "orpo": (
            "sigmoid",
            orpo_of_trl,
            lambda pairs: orpo(pairs, LAMBDA).losses_B + pairs.per_token.chosen_B,
        ),
    }
    args.out.write_text(json.dumps({name: compare(*check) for name, check in checks.items()}))


def compare(loss_type: str, theirs: Callable, ours: Callable) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        trainer = new_trainer(loss_type, folder)
        batch = next(iter(trainer.get_train_dataloader()))
        loss, gradient = measured(trainer.model, lambda: theirs(trainer, batch))
        mine, my_gradient = measured(trainer.model, lambda: ours(pairs_of(trainer.model, batch)).mean())
    return {
        "loss": loss,
        "lossDifference": abs(loss - mine),
        "gradientDifference": (gradient - my_gradient).abs().max().item(),
        "largestGradient": gradient.abs().max().item(),
    }


def new_model() -> torch.nn.Module:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=300, hidden_size=48, intermediate_size=80, num_hidden_layers=2, num_attention_heads=4,
        initializer_range=0.2, bos_token_id=None, eos_token_id=0, pad_token_id=1,
    )  # fmt: skip
    return LlamaForCausalLM(config)


def new_tokenizer() -> PreTrainedTokenizerFast:
    alphabet = {
        token: i for i, token in enumerate(["<end>", "<pad>", *sorted(pre_tokenizers.ByteLevel.alphabet())])
    }
    tokenizer = Tokenizer(models.BPE(vocab=alphabet, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<end>", pad_token="<pad>")


def new_trainer(loss_type: str, folder: str) -> DPOTrainer:
    """With a fresh LoRA, whose B is then drawn: policy and reference differ."""
    config = DPOConfig(
        output_dir=folder, loss_type=[loss_type], beta=BETA,
        label_smoothing=SMOOTHING if loss_type == "robust" else 0.0, per_device_train_batch_size=len(ROWS),
        gradient_checkpointing=False, report_to=[], use_cpu=True, bf16=False, disable_dropout=True,
    )  # fmt: skip
    lora = LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM")
    data = Dataset.from_list(ROWS)
    trainer = DPOTrainer(
        new_model(), args=config, train_dataset=data, processing_class=new_tokenizer(), peft_config=lora
    )
    torch.manual_seed(1)
    with torch.no_grad():
        for name, parameter in sorted(trainer.model.named_parameters()):
            if "lora_" in name:
                parameter.normal_(0, 0.1)
    return trainer


def through_trl(trainer: DPOTrainer, batch: dict[str, Tensor]) -> Tensor:
    return trainer.compute_loss(trainer.model, dict(batch))


def simpo_of_trl(trainer: DPOTrainer, batch: dict[str, Tensor]) -> Tensor:
    settings = SimpleNamespace(
        alpha=0.0, beta=2.0, loss_type="simpo", simpo_gamma=2.0 * RATIO, label_smoothing=SMOOTHING,
        accelerator=SimpleNamespace(device="cpu"),
    )  # fmt: skip
    means = pairs_of(trainer.model, batch).per_token
    return CPOTrainer.cpo_loss(settings, means.chosen_B, means.rejected_B)[0].mean()


def orpo_of_trl(trainer: DPOTrainer, batch: dict[str, Tensor]) -> Tensor:
    """The odds-ratio term; TRL's cross-entropy beside it counts the prompt's tokens too."""
    settings = SimpleNamespace(beta=LAMBDA, accelerator=SimpleNamespace(device="cpu"))
    means = pairs_of(trainer.model, batch).per_token
    return -ORPOTrainer.odds_ratio_loss(settings, means.chosen_B, means.rejected_B)[0].mean()


def measured(model: torch.nn.Module, make: Callable[[], Tensor]) -> tuple[float, Tensor]:
    """(loss, gradients of all LoRA weights in one vector)."""
    model.zero_grad()
    loss = make()
    loss.backward()
    gradients = [
        p.grad.flatten()
        for name, p in sorted(model.named_parameters())
        if "lora_" in name and p.grad is not None
    ]
    return loss.item(), torch.cat(gradients).clone()


def pairs_of(model: torch.nn.Module, batch: dict[str, Tensor]) -> PairLogps:
    policy = logps_of(model, batch)
    with torch.no_grad(), model.disable_adapter():
        reference = logps_of(model, batch)
    lengths = batch["completion_mask"].sum(1).float().chunk(2)
    return PairLogps(*policy, *reference, *lengths)


def logps_of(model: torch.nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    ids, mask = batch["input_ids"], batch["completion_mask"]
    logits = model(input_ids=ids, attention_mask=batch["attention_mask"]).logits[:, :-1]
    logps = torch.log_softmax(logits.float(), -1).gather(2, ids[:, 1:, None])[..., 0]
    return (logps * mask[:, 1:]).sum(1).chunk(2)


if __name__ == "__main__":
    main()
