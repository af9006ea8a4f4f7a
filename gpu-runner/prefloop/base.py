"""The frozen base that a process holds: its weights, its tokenizer, and what it is called."""

from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers.utils import logging as diffusers_logging
from huggingface_hub import hf_hub_download, try_to_load_from_cache
from huggingface_hub.errors import EntryNotFoundError, HFValidationError, LocalEntryNotFoundError
from transformers.utils import logging

from prefloop.image.fingerprint import image_fingerprint
from prefloop.image.model import ImageModel, load_image_model
from prefloop.image.tensor_cache import TensorCache
from prefloop.text.encode import TextEncoder, load_encoder
from prefloop.text.fingerprint import base_fingerprint
from prefloop.text.reference_cache import ReferenceCache
from prefloop.text.trunk import Trunk, load_trunk

PIPELINE_FILE = "model_index.json"


@dataclass(frozen=True)
class Base:
    """name: what domains call it. fingerprint: SHA-256 of weights and tokenizer, which adapters are bound to."""

    name: str
    trunk: Trunk
    encoder: TextEncoder
    fingerprint: str

    def reference_cache(self, folder: Path | None) -> ReferenceCache:
        """Log-probabilities, kept in `folder` across restarts, apart for every base and every arithmetic."""
        return _reference_cache(self.fingerprint, _arithmetic(self.trunk), folder)


@dataclass(frozen=True)
class ImageBase:
    """The same of a text-to-image model."""

    name: str
    model: ImageModel
    fingerprint: str

    def reference_cache(self, folder: Path | None) -> ReferenceCache:
        """What the base is off by, kept in `folder` across restarts, apart for every base and every arithmetic."""
        return _reference_cache(self.fingerprint, _arithmetic(self.model), folder)

    def tensor_cache(self, folder: Path | None) -> TensorCache:
        """The same of latents and of what the text encoders say."""
        made_by = f"{self.fingerprint} {_arithmetic(self.model)}"
        return TensorCache(made_by, folder / made_by[:16] if folder else None)


def _arithmetic(network: Trunk | ImageModel) -> str:
    """What the same weights may give other numbers under."""
    threads = torch.get_num_threads() if network.device.type == "cpu" else 0
    dtype = str(network.dtype).removeprefix("torch.")
    return f"{dtype} {network.device.type} {threads} torch {torch.__version__}"


def _reference_cache(fingerprint: str, arithmetic: str, folder: Path | None) -> ReferenceCache:
    file = folder / f"{fingerprint[:16]} {arithmetic}".replace(" ", "-") if folder else None
    return ReferenceCache(f"{fingerprint} {arithmetic}", file)


def draws_pictures(model: str, revision: str | None = None) -> bool:
    """Whether a name is that of a text-to-image model: the built-in one, a folder of diffusers, or a hub id of one.

    Raises ValueError where neither the hub nor what is kept of it tells.
    """
    if model in ("tiny", "tiny-diffusion"):
        return model == "tiny-diffusion"
    if Path(model).exists():
        return (Path(model) / PIPELINE_FILE).is_file()
    try:
        hf_hub_download(model, PIPELINE_FILE, revision=revision)
    except HFValidationError:
        return False  # neither a folder nor an id: who loads it says so
    except LocalEntryNotFoundError as error:
        # The hub is out of reach: a text model that is kept has no such file either.
        if isinstance(try_to_load_from_cache(model, "config.json", revision=revision), str):
            return False
        at = f" at {revision}" if revision else ""
        raise ValueError(
            f"there is no folder {model!r}, and nothing of such a model{at} is kept from the hub, which cannot be reached"
        ) from error
    except EntryNotFoundError:
        return False
    except OSError as error:
        raise ValueError(f"cannot look {model!r} up at the hub: {error}") from error
    return True


def load_image_base(model: str, dtype: str, device: str, revision: str | None = None) -> ImageBase:
    """`tiny-diffusion`, a folder (called by its last name) or a hub id. Raises ValueError for what cannot be loaded."""
    logging.disable_progress_bar()
    diffusers_logging.disable_progress_bar()
    loaded = load_image_model(model, dtype, device, revision)
    name = Path(model).resolve().name if Path(model).is_dir() else model
    return ImageBase(name, loaded, image_fingerprint(loaded))


def load_base(model: str, dtype: str, device: str, revision: str | None = None) -> Base:
    """`tiny`, a folder (called by its last name) or a hub id. Raises ValueError for what cannot be loaded."""
    logging.disable_progress_bar()
    trunk = load_trunk(model, dtype, device, revision)
    encoder = load_encoder(model, revision)
    name = Path(model).resolve().name if Path(model).is_dir() else model
    return Base(name, trunk, encoder, base_fingerprint(trunk, encoder))


def choose_device(name: str) -> str:
    """`auto` is a GPU where there is one. Raises ValueError for a device that cannot be used."""
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"device {name!r} cannot be used: {error}") from error
    return name


def settle_arithmetic(threads: int | None, device: str) -> None:
    """Same inputs, same bits on a CPU: a fixed number of threads and deterministic kernels only."""
    if threads:
        torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(device == "cpu")
    # Nothing here reads memory that it has not written.
    torch.utils.deterministic.fill_uninitialized_memory = False  # pyright: ignore[reportAttributeAccessIssue]
