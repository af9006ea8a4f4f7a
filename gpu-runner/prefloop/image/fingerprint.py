"""Which image base this is: what an adapter was trained on decides what it does."""

import hashlib
import json

import torch

from prefloop.image.model import ImageModel

# Of the schedule, what training looks at.
_SCHEDULE = ("prediction_type", "beta_schedule", "beta_start", "beta_end", "num_train_timesteps", "shift")


def image_fingerprint(model: ImageModel) -> str:
    """SHA-256, in hex, of the weights of all networks, the tokenizers and the schedule that it was trained with.

    The weights count as bf16, so that an fp32 and a bf16 run of one folder agree, on whatever device.
    """
    digest = hashlib.sha256()
    for part, network in sorted(model.pipeline.components.items()):
        if isinstance(network, torch.nn.Module):
            for name, tensor in sorted(network.state_dict().items()):
                values = tensor.detach().to(device="cpu")
                if values.is_floating_point():
                    values = values.to(torch.bfloat16).view(torch.int16)
                digest.update(f"{part} {name} {list(values.shape)}\n".encode())
                digest.update(values.contiguous().numpy())
        elif hasattr(network, "get_vocab"):
            digest.update(f"{part} {json.dumps(network.get_vocab(), sort_keys=True)}".encode())
    schedule = {name: model.pipeline.scheduler.config.get(name) for name in _SCHEDULE}
    digest.update(json.dumps(schedule, sort_keys=True).encode())
    return digest.hexdigest()
