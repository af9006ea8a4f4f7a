"""Any causal LM of transformers, run without its vocabulary: token ids in, last hidden states out.

The base weights are frozen. `Trunk.hidden` takes one packed row of tokens and a layout that says which rows see which;
no padding, no attention mask, no logits. What turns hidden states into log-probs is `scored_logps`.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.nn.functional import linear
from transformers import AutoModelForCausalLM, PreTrainedModel

from prefloop.adapters.adapted_linear import AdaptedLinear, RowProduct, Rows, adapt, assigned
from prefloop.adapters.gemm import use_exact_products
from prefloop.text import attention
from prefloop.text.attention import Layout, PackedAttention, running
from prefloop.text.llama_layers import LlamaLayers
from prefloop.text.packing import Packed, pack

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
TINY = Path(__file__).parent.parent / "tiny" / "lm"


@dataclass(frozen=True)
class Head:
    """logits = cap·tanh(scale·(h Wᵀ + b)/cap); `cap` None: no capping. weight [V, H], bias [V] or None."""

    weight: Tensor
    bias: Tensor | None
    scale: float
    cap: float | None

    def logits(self, hidden_RH: Tensor, words: slice = slice(None)) -> Tensor:
        """[R, H] to [R, V], or to the words of a slice of it, in the hidden states' dtype. Not differentiable."""
        bias = None if self.bias is None else self.bias[words]
        logits_RV = linear(hidden_RH, self.weight[words], bias)
        if self.scale != 1.0:
            logits_RV = logits_RV * self.scale
        return logits_RV if self.cap is None else self.cap * torch.tanh(logits_RV / self.cap)

    def bend(self, logits: Tensor) -> Tensor | None:
        """d logit / d uncapped logit = 1 - (logit / cap)²; None (it is 1) without a cap."""
        return None if self.cap is None else 1 - (logits / self.cap).square()


class Trunk:
    """A frozen causal LM whose linear layers take adapters.

    model: the transformers model · head: its LM head · layers: its adaptable layers by module path · context: its
    longest text in tokens.
    """

    def __init__(self, model: PreTrainedModel, name: str, revision: str | None = None):
        if model.device.type == "cpu":
            use_exact_products()
        self.model = model.eval().requires_grad_(False)
        self.name = name
        self.revision = revision
        self.body: nn.Module = getattr(model, model.base_model_prefix)
        self.head = _head_of(model)
        self.context = int(getattr(model.config, "max_position_embeddings", 0) or 1 << 30)
        if (
            model.config._attn_implementation == attention.NAME
        ):  # the config of a model that became a trunk earlier
            model.set_attn_implementation("sdpa")
        plain = _probe_plainly(model)
        model.set_attn_implementation(attention.NAME)
        self.layers: dict[str, AdaptedLinear] = adapt(model, model.get_output_embeddings())
        self.llama = LlamaLayers(self.body) if LlamaLayers.fit(model, self.body) else None
        _check_packing(self, plain)

    @property
    def device(self) -> torch.device:
        return self.head.weight.device

    @property
    def dtype(self) -> torch.dtype:
        return self.head.weight.dtype

    def hidden(
        self, ids_BT: Tensor, positions_BT: Tensor, layout: Layout, rows: Rows | RowProduct = ()
    ) -> Tensor:
        """Last hidden states [B, T, H], after the final norm, of tokens at their positions.

        layout: which rows see which. rows: which rows go through which adapter, in the flattened order of B and T
        (`adapters.lora.assigned`); none: the bare base.
        """
        with assigned(rows), running(layout):
            out = self.body(input_ids=ids_BT, position_ids=positions_BT, attention_mask=None, use_cache=False)
        return out.last_hidden_state

    def packed_hidden(self, packed: Packed, rows: Rows = ()) -> Tensor:
        """Last hidden states [T, H] of one packed microbatch."""
        layout = PackedAttention(packed.segments)
        if self.llama and self.device.type == "cpu" and layout.short:
            return self.llama.hidden(packed, rows, layout.mask_of)
        return self.hidden(packed.ids_T[None], packed.positions_T[None], layout, rows)[0]


def load_trunk(
    name: str, dtype: str = "fp32", device: torch.device | str = "cpu", revision: str | None = None
) -> Trunk:
    """Load `tiny` (the built-in model), a folder, or a hub id.

    Raises ValueError for a dtype other than fp32 and bf16 (fp16 overflows in the log-probs' gradient), for a model that
    cannot be read, and for an architecture whose packed run does not give its plain run's log-probs.
    """
    if dtype not in DTYPES:
        raise ValueError(
            f"dtype {dtype!r} is not supported: use {' or '.join(DTYPES)} (fp16 overflows in training)"
        )
    path = str(TINY) if name == "tiny" else name
    try:
        model = AutoModelForCausalLM.from_pretrained(path, revision=revision, dtype=DTYPES[dtype])
    except (OSError, KeyError, ValueError, SafetensorError) as error:
        raise ValueError(f"cannot load a causal LM from {name!r}: {error}") from error
    return Trunk(model.to(device), name, revision)  # pyright: ignore[reportArgumentType]


def _head_of(model: PreTrainedModel) -> Head:
    output = model.get_output_embeddings()
    if not isinstance(output, nn.Linear):
        raise ValueError(f"{type(model).__name__} has no linear LM head")
    config = model.config.get_text_config()
    scale = float(getattr(config, "logit_scale", None) or 1.0) / float(
        getattr(config, "logits_scaling", None) or 1.0
    )
    scale *= float(getattr(config, "lm_head_multiplier", None) or 1.0)
    return Head(output.weight, output.bias, scale, getattr(config, "final_logit_softcapping", None))


def _probe(vocabulary: int) -> tuple[list[int], tuple[list[int], list[int]]]:
    numbers = [(7 * i * i + 3 * i + 1) % vocabulary for i in range(24)]
    return numbers[:9], (numbers[9:16], numbers[16:])


@torch.no_grad()
def _probe_plainly(model: PreTrainedModel) -> Tensor:
    """Logits [15, V] of two short texts with one prompt, run one by one the way transformers does."""
    prompt, completions = _probe(model.config.get_text_config().vocab_size)
    runs = (model(input_ids=torch.tensor([prompt + c], device=model.device)) for c in completions)
    return torch.cat([run.logits[0, len(prompt) :] for run in runs]).float()


@torch.no_grad()
def _check_packing(trunk: Trunk, plain: Tensor) -> None:
    """Run the two texts packed, and refuse the model when its logits are not those of its plain run.

    This is what makes "any architecture" safe: state-space layers, exotic positions, attention that bypasses the
    interface or an unknown logit transform all show here, by name, instead of as silently wrong log-probs.
    """
    name = type(trunk.model).__name__
    prompt, completions = _probe(trunk.model.config.get_text_config().vocab_size)
    packed = pack([(prompt, completions)], trunk.device)
    layout = PackedAttention(packed.segments)
    runs = [
        trunk.hidden(packed.ids_T[None], packed.positions_T[None], layout)[0],
        trunk.packed_hidden(packed),
    ]
    if not layout.used:
        raise ValueError(
            f"{name} cannot run packed: it does not take part in transformers' attention interface"
        )
    ours = torch.stack([trunk.head.logits(hidden_TH[len(prompt) :]) for hidden_TH in runs]).float()
    off = ((ours - plain).abs().max() / plain.std().clamp(min=1e-6)).item()
    if not off < (1e-3 if trunk.dtype == torch.float32 else 0.15):
        raise ValueError(
            f"{name} cannot run packed: its logits are off by {off:.2g} standard deviations from its plain run "
            "(its layers mix tokens other than by attention, or it transforms its logits in an unknown way)"
        )
