"""TRL's DPOTrainer on the benchmark's pairs; run in the peers' environment. --help lists the options.

The trainer runs unchanged: only the order of the rows and the starting LoRA are given to it.
"""

import argparse
import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
scratch = tempfile.TemporaryDirectory(prefix="prefloop-trl-")
# Nothing is looked up on the hub, and no reference that an earlier run has cached is found again.
os.environ |= {"HF_HOME": scratch.name, "HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1"}

import torch
import transformers
import trl
from datasets import Dataset, disable_progress_bars
from peft import LoraConfig
from recorder import Recorder
from safetensors.torch import load_file
from transformers import AutoTokenizer, TrainerCallback
from trl import DPOConfig, DPOTrainer


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--pairs", type=Path, required=True, help="JSON lines: prompt, chosen, rejected")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--dtype", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument(
        "--tuned", action="store_true", help="no checkpointing, reference computed beforehand"
    )
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    args = parser.parse_args()
    disable_progress_bars()
    transformers.logging.set_verbosity_error()

    recorder = Recorder(args.device)
    trainer = MeasuredTrainer(
        recorder=recorder,
        initial=load_file(args.model / "initial-lora.safetensors"),
        model=str(args.model),
        args=config(args),
        train_dataset=Dataset.from_list([json.loads(line) for line in args.pairs.read_text().splitlines()]),
        processing_class=AutoTokenizer.from_pretrained(args.model),
        peft_config=LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"),
    )
    trainer.train()
    recorder.write(
        args.out,
        tokens=trainer.tokens,
        headRows=trainer.head_rows,
        ids=digest(trainer.train_dataset),
        versions={
            "trl": trl.__version__,
            "torch": torch.__version__,
            "transformers": transformers.__version__,
        },
    )


def config(args: argparse.Namespace) -> DPOConfig:
    tuned = {"gradient_checkpointing": False, "precompute_ref_log_probs": True} if args.tuned else {}
    return DPOConfig(
        output_dir=scratch.name,
        use_cpu=args.device == "cpu",
        model_init_kwargs={"dtype": {"fp32": "float32", "bf16": "bfloat16"}[args.dtype]},
        bf16=args.dtype == "bf16",
        per_device_train_batch_size=4,
        max_length=512,
        num_train_epochs=1,
        train_sampling_strategy="sequential",
        learning_rate=args.learning_rate,
        lr_scheduler_type="constant",
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        **tuned,
    )


class MeasuredTrainer(DPOTrainer):
    """DPOTrainer with a clock: every override calls the original and adds nothing to what is computed."""

    def __init__(self, recorder: Recorder, initial: dict[str, torch.Tensor], **kwargs):
        self.recorder, self.initial = recorder, initial
        self.tokens = self.head_rows = 0
        self.prepared = False
        super().__init__(**kwargs, callbacks=[StepClock(recorder)])
        self.prepare()

    def prepare(self) -> None:
        """Once, before anything is computed: the starting weights, and the zero of the memory's count."""
        if self.prepared:
            return
        self.prepared = True
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                if parameter.requires_grad:
                    key = name.removeprefix("base_model.model.").replace(".default.weight", "")
                    parameter.copy_(self.initial.pop(key))
        assert not self.initial, f"the model has no place for {list(self.initial)}"
        self.recorder.loaded(self.model.parameters())

    def _precompute_ref_logps(self, dataset, name, batch_size):
        self.prepare()
        with self.recorder.timed("reference"):
            return super()._precompute_ref_logps(dataset, name, batch_size)

    def compute_loss(self, model, inputs, *args, **kwargs):
        rows, length = inputs["input_ids"].shape
        self.tokens += rows * length
        self.head_rows += rows * (length - 1)
        loss = super().compute_loss(model, inputs, *args, **kwargs)
        self.recorder.losses.append(loss.item())
        return loss


class StepClock(TrainerCallback):
    def __init__(self, recorder: Recorder):
        self.recorder = recorder

    def on_train_begin(self, args, state, control, **kwargs):
        self.recorder.start()

    def on_step_end(self, args, state, control, **kwargs):
        self.recorder.step()


def digest(dataset: Dataset) -> str:
    """One hash of the token ids of every pair, to compare with the other side's."""
    rows = [[row["prompt_ids"], row["chosen_ids"], row["rejected_ids"]] for row in dataset]
    return hashlib.sha256(json.dumps(rows, separators=(",", ":")).encode()).hexdigest()


if __name__ == "__main__":
    main()
