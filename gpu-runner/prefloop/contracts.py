# Generated from worker/openapi.json by scripts/generate.ts: never edited.

from __future__ import annotations

from typing import Annotated, Any, Dict, Literal
from pydantic import AnyUrl, BaseModel, ConfigDict, Field
from typing_extensions import TypeAliasType


RecordId = TypeAliasType(
    "RecordId",
    Annotated[
        str,
        Field(
            pattern="^(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|h[0-9a-f]{40})$"
        ),
    ],
)
"""
UUIDv7 made by the sender, or h + 40 hex digits for imported rows.
"""


Sha256 = TypeAliasType("Sha256", Annotated[str, Field(pattern="^[0-9a-f]{64}$")])
"""
SHA-256 in lower-case hex.
"""


Slug = TypeAliasType(
    "Slug",
    Annotated[
        str, Field(examples=["support-tone"], pattern="^[a-z0-9][a-z0-9-]{0,62}$")
    ],
)
"""
Lower-case letters, digits and hyphens.
"""


Timestamp = TypeAliasType("Timestamp", Annotated[int, Field(ge=0)])
"""
Unix time, milliseconds, server clock.
"""


UserId = TypeAliasType(
    "UserId", Annotated[str, Field(pattern="^[A-Za-z0-9_.:@-]{1,128}$")]
)
"""
Pseudonymous id of a person inside the project.
"""


NonEmptyText = TypeAliasType(
    "NonEmptyText", Annotated[str, Field(max_length=100000, min_length=1)]
)


Text = TypeAliasType("Text", Annotated[str, Field(max_length=100000)])


class Issue(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    path: str
    message: str


ErrorCode = TypeAliasType(
    "ErrorCode",
    Literal[
        "invalid_json",
        "invalid_request",
        "too_large",
        "too_many_items",
        "unauthorized",
        "forbidden",
        "key_in_browser",
        "origin_not_allowed",
        "token_expired",
        "token_invalid",
        "not_found",
        "method_not_allowed",
        "too_many_tries",
        "idempotency_conflict",
        "already_exists",
        "candidate_not_in_comparison",
        "kind_mismatch",
        "assignment_required",
        "assignment_invalid",
        "assignment_expired",
        "assignment_reused",
        "supersedes_unknown",
        "base_model_mismatch",
        "stale_fence",
        "stale_parent",
        "lease_expired",
        "batch_finished",
        "quarantined",
        "adapter_invalid",
        "adapter_missing_file",
        "hash_mismatch",
        "gate_failed",
        "no_previous_adapter",
        "probe_failed",
        "image_invalid",
        "encoder_invalid",
        "encoder_mismatch",
        "inference_unavailable",
        "inference_failed",
        "internal",
    ],
)


class Mitigation(BaseModel):
    """
    When an adapter fails its displacement gate, the batches after it are trained with these until one passes (Flex-DPO and the SFT term; recipe dpo).
    """

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    sft_weight: Annotated[float, Field(alias="sftWeight", ge=0.0, le=10.0)] = 0.05
    beta_rejected_ratio: Annotated[
        float, Field(alias="betaRejectedRatio", gt=0.0, le=1.0)
    ] = 0.8
    """
    β⁻ / β⁺.
    """


class GateBounds(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    min_accuracy: Annotated[
        float | None, Field(alias="minAccuracy", ge=0.0, le=1.0)
    ] = None
    """
    Lower bound of the held-out preference accuracy (its value, not its interval).
    """
    max_displacement: Annotated[
        float | None, Field(alias="maxDisplacement", gt=0.0)
    ] = None
    """
    Largest fall of the mean chosen log-probability per token, nats (the 3D alarm); of pictures the largest rise of the error on chosen ones, as a share of the base’s.
    """
    max_kl: Annotated[float | None, Field(alias="maxKl", gt=0.0)] = None
    """
    KL to the base, nats per token, on sampled answers.
    """
    mitigation: Mitigation | None = None
    """
    When an adapter fails its displacement gate, the batches after it are trained with these until one passes (Flex-DPO and the SFT term; recipe dpo).
    """
    max_length_ratio: Annotated[float | None, Field(alias="maxLengthRatio", gt=1.0)] = (
        None
    )
    """
    Longest allowed ratio of mean answer length to the base, in either direction.
    """


Target = TypeAliasType("Target", Annotated[str, Field(max_length=100, min_length=1)])


Targets = TypeAliasType(
    "Targets", Annotated[list[Target], Field(max_length=64, min_length=1)]
)
"""
Modules that get an adapter: all linear layers of the trunk, or names.
"""


class DpoRecipe(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    method: Literal["dpo"]
    loss: Literal["sigmoid", "ipo", "hinge", "robust"] = "sigmoid"
    """
    robust: unbiased where labelSmoothing is the share of votes that are turned around (below ½).
    """
    beta: Annotated[float, Field(gt=0.0, le=10000.0)] = 0.1
    """
    Strength of the pull to the reference.
    """
    label_smoothing: Annotated[float, Field(alias="labelSmoothing", ge=0.0, le=0.5)] = 0
    sft_weight: Annotated[float, Field(alias="sftWeight", ge=0.0, le=10.0)] = 0
    """
    Weight of -log π(chosen), summed over its tokens: keeps preferred answers likely.
    """
    rank: Annotated[int, Field(ge=1, le=512)] = 16
    """
    LoRA rank r.
    """
    lora_alpha: Annotated[float, Field(alias="loraAlpha", gt=0.0, le=4096.0)] = 32
    """
    LoRA scale is loraAlpha / rank.
    """
    targets: Literal["all-linear"] | Targets = "all-linear"
    """
    Modules that get an adapter: all linear layers of the trunk, or names.
    """
    learning_rate: Annotated[float, Field(alias="learningRate", gt=0.0, le=1.0)] = 0.001
    weight_decay: Annotated[float, Field(alias="weightDecay", ge=0.0, le=1.0)] = 0
    max_grad_norm: Annotated[float, Field(alias="maxGradNorm", gt=0.0, le=1000.0)] = 1
    epochs: Annotated[int, Field(ge=1, le=50)] = 1
    """
    Passes over one leased batch.
    """
    micro_batch: Annotated[int, Field(alias="microBatch", ge=1, le=1024)] = 8
    """
    Preferences per optimiser step.
    """
    max_length: Annotated[int, Field(alias="maxLength", ge=8, le=131072)] = 1024
    """
    Tokens of prompt and completion together; longer rows are reported, not cut.
    """
    seed: Annotated[int, Field(ge=0, le=2147483647)] = 0


Targets1Item = TypeAliasType(
    "Targets1Item", Annotated[str, Field(max_length=100, min_length=1)]
)


Targets1 = TypeAliasType(
    "Targets1", Annotated[list[Targets1Item], Field(max_length=64, min_length=1)]
)
"""
Modules that get an adapter: all linear layers of the trunk, or names.
"""


class OfsDpoRecipe(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    method: Literal["ofs-dpo"]
    beta: Annotated[float, Field(gt=0.0, le=10000.0)] = 0.1
    """
    Strength of the pull to the reference.
    """
    label_smoothing: Annotated[float, Field(alias="labelSmoothing", ge=0.0, le=0.5)] = 0
    sft_weight: Annotated[float, Field(alias="sftWeight", ge=0.0, le=10.0)] = 0
    """
    Weight of -log π(chosen), summed over its tokens: keeps preferred answers likely.
    """
    alpha: Annotated[float, Field(ge=0.0, le=10.0)] = 0.1
    """
    Weight of the fast-slow chasing term.
    """
    slow_ratio: Annotated[float, Field(alias="slowRatio", gt=0.0, le=1.0)] = 0.2
    """
    Slow learning rate / fast one.
    """
    chasing_interval: Annotated[int, Field(alias="chasingInterval", ge=1, le=10000)] = 8
    """
    Optimiser steps between two decisions on who is chased.
    """
    rank: Annotated[int, Field(ge=1, le=512)] = 16
    """
    LoRA rank r.
    """
    lora_alpha: Annotated[float, Field(alias="loraAlpha", gt=0.0, le=4096.0)] = 32
    """
    LoRA scale is loraAlpha / rank.
    """
    targets: Literal["all-linear"] | Targets1 = "all-linear"
    """
    Modules that get an adapter: all linear layers of the trunk, or names.
    """
    learning_rate: Annotated[float, Field(alias="learningRate", gt=0.0, le=1.0)] = 0.001
    weight_decay: Annotated[float, Field(alias="weightDecay", ge=0.0, le=1.0)] = 0
    max_grad_norm: Annotated[float, Field(alias="maxGradNorm", gt=0.0, le=1000.0)] = 1
    epochs: Annotated[int, Field(ge=1, le=50)] = 1
    """
    Passes over one leased batch.
    """
    micro_batch: Annotated[int, Field(alias="microBatch", ge=1, le=1024)] = 8
    """
    Preferences per optimiser step.
    """
    max_length: Annotated[int, Field(alias="maxLength", ge=8, le=131072)] = 1024
    """
    Tokens of prompt and completion together; longer rows are reported, not cut.
    """
    seed: Annotated[int, Field(ge=0, le=2147483647)] = 0


Targets2Item = TypeAliasType(
    "Targets2Item", Annotated[str, Field(max_length=100, min_length=1)]
)


Targets2 = TypeAliasType(
    "Targets2", Annotated[list[Targets2Item], Field(max_length=64, min_length=1)]
)
"""
Modules that get an adapter: all linear layers of the trunk, or names.
"""


class CofsDpoRecipe(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    method: Literal["cofs-dpo"]
    beta: Annotated[float, Field(gt=0.0, le=10000.0)] = 0.1
    """
    Strength of the pull to the reference.
    """
    label_smoothing: Annotated[float, Field(alias="labelSmoothing", ge=0.0, le=0.5)] = 0
    sft_weight: Annotated[float, Field(alias="sftWeight", ge=0.0, le=10.0)] = 0
    """
    Weight of -log π(chosen), summed over its tokens: keeps preferred answers likely.
    """
    alpha: Annotated[float, Field(ge=0.0, le=10.0)] = 0.1
    """
    Weight of the fast-slow chasing term.
    """
    slow_ratio: Annotated[float, Field(alias="slowRatio", gt=0.0, le=1.0)] = 0.2
    """
    Slow learning rate / fast one.
    """
    chasing_interval: Annotated[int, Field(alias="chasingInterval", ge=1, le=10000)] = 8
    """
    Optimiser steps between two decisions on who is chased.
    """
    memory: Annotated[int, Field(ge=1, le=1000)] = 32
    """
    Votes of each topic that are kept to fit the weights of the combination on.
    """
    fit_steps: Annotated[int, Field(alias="fitSteps", ge=1, le=1000)] = 40
    """
    Steps of that fit.
    """
    rank: Annotated[int, Field(ge=1, le=512)] = 16
    """
    LoRA rank r.
    """
    lora_alpha: Annotated[float, Field(alias="loraAlpha", gt=0.0, le=4096.0)] = 32
    """
    LoRA scale is loraAlpha / rank.
    """
    targets: Literal["all-linear"] | Targets2 = "all-linear"
    """
    Modules that get an adapter: all linear layers of the trunk, or names.
    """
    learning_rate: Annotated[float, Field(alias="learningRate", gt=0.0, le=1.0)] = 0.001
    weight_decay: Annotated[float, Field(alias="weightDecay", ge=0.0, le=1.0)] = 0
    max_grad_norm: Annotated[float, Field(alias="maxGradNorm", gt=0.0, le=1000.0)] = 1
    epochs: Annotated[int, Field(ge=1, le=50)] = 1
    """
    Passes over one leased batch.
    """
    micro_batch: Annotated[int, Field(alias="microBatch", ge=1, le=1024)] = 8
    """
    Preferences per optimiser step.
    """
    max_length: Annotated[int, Field(alias="maxLength", ge=8, le=131072)] = 1024
    """
    Tokens of prompt and completion together; longer rows are reported, not cut.
    """
    seed: Annotated[int, Field(ge=0, le=2147483647)] = 0


Targets3Item = TypeAliasType(
    "Targets3Item", Annotated[str, Field(max_length=100, min_length=1)]
)


Targets3 = TypeAliasType(
    "Targets3", Annotated[list[Targets3Item], Field(max_length=64, min_length=1)]
)
"""
Modules that get an adapter: all linear layers of the trunk, or names.
"""


class CurryDpoRecipe(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    method: Literal["curry-dpo"]
    beta: Annotated[float, Field(gt=0.0, le=10000.0)] = 0.1
    """
    Strength of the pull to the reference.
    """
    label_smoothing: Annotated[float, Field(alias="labelSmoothing", ge=0.0, le=0.5)] = 0
    sft_weight: Annotated[float, Field(alias="sftWeight", ge=0.0, le=10.0)] = 0
    """
    Weight of -log π(chosen), summed over its tokens: keeps preferred answers likely.
    """
    stages: Annotated[int, Field(ge=1, le=7)] = 3
    """
    From the easiest pairs to the hardest.
    """
    difficulty: Literal["rating", "margin"] = "rating"
    """
    What makes a pair easy: a large gap of ratings, or a large margin of the model at the start.
    """
    renew_reference: Annotated[bool, Field(alias="renewReference")] = True
    """
    Each stage is pulled to where it started.
    """
    rank: Annotated[int, Field(ge=1, le=512)] = 16
    """
    LoRA rank r.
    """
    lora_alpha: Annotated[float, Field(alias="loraAlpha", gt=0.0, le=4096.0)] = 32
    """
    LoRA scale is loraAlpha / rank.
    """
    targets: Literal["all-linear"] | Targets3 = "all-linear"
    """
    Modules that get an adapter: all linear layers of the trunk, or names.
    """
    learning_rate: Annotated[float, Field(alias="learningRate", gt=0.0, le=1.0)] = 0.001
    weight_decay: Annotated[float, Field(alias="weightDecay", ge=0.0, le=1.0)] = 0
    max_grad_norm: Annotated[float, Field(alias="maxGradNorm", gt=0.0, le=1000.0)] = 1
    epochs: Annotated[int, Field(ge=1, le=50)] = 1
    """
    Passes over one leased batch.
    """
    micro_batch: Annotated[int, Field(alias="microBatch", ge=1, le=1024)] = 8
    """
    Preferences per optimiser step.
    """
    max_length: Annotated[int, Field(alias="maxLength", ge=8, le=131072)] = 1024
    """
    Tokens of prompt and completion together; longer rows are reported, not cut.
    """
    seed: Annotated[int, Field(ge=0, le=2147483647)] = 0


Targets4Item = TypeAliasType(
    "Targets4Item", Annotated[str, Field(max_length=100, min_length=1)]
)


Targets4 = TypeAliasType(
    "Targets4", Annotated[list[Targets4Item], Field(max_length=64, min_length=1)]
)
"""
Modules that get an adapter: all linear layers of the trunk, or names.
"""


class TinyJudge(BaseModel):
    """
    Oracle of the built-in world.
    """

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    type: Literal["tiny"]


class RefusalJudge(BaseModel):
    """
    An answer that refuses, by its words, is safe; every other is not.
    """

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    type: Literal["refusal"]


class HttpJudge(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    type: Literal["http"]
    url: AnyUrl
    """
    Base of an OpenAI-compatible API. The runner takes its key from PREFLOOP_JUDGE_KEY.
    """
    model: Annotated[str, Field(max_length=200, min_length=1)]
    timeout_seconds: Annotated[
        float, Field(alias="timeoutSeconds", gt=0.0, le=600.0)
    ] = 60


ReplayPrompt = TypeAliasType(
    "ReplayPrompt", Annotated[str, Field(max_length=10000, min_length=1)]
)


Targets5Item = TypeAliasType(
    "Targets5Item", Annotated[str, Field(max_length=100, min_length=1)]
)


Targets5 = TypeAliasType(
    "Targets5", Annotated[list[Targets5Item], Field(max_length=64, min_length=1)]
)
"""
Modules that get an adapter: all linear layers of the trunk, or names.
"""


class RebirthRecipe(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    method: Literal["rebirth"]
    replay: Annotated[float, Field(ge=0.0, le=0.9)] = 0.5
    """
    Share of the lessons that are the base’s own answers to `replayPrompts`: they keep its other skills.
    """
    replay_prompts: Annotated[
        list[ReplayPrompt], Field(alias="replayPrompts", max_length=500)
    ] = []
    """
    What the other skills are asked with.
    """
    samples: Annotated[int, Field(ge=1, le=64)] = 4
    """
    Answers drawn for a prompt.
    """
    temperature: Annotated[float, Field(gt=0.0, le=5.0)] = 1
    top_p: Annotated[float, Field(alias="topP", gt=0.0, le=1.0)] = 1
    max_tokens: Annotated[int, Field(alias="maxTokens", ge=1, le=32768)] = 256
    rank: Annotated[int, Field(ge=1, le=512)] = 16
    """
    LoRA rank r.
    """
    lora_alpha: Annotated[float, Field(alias="loraAlpha", gt=0.0, le=4096.0)] = 32
    """
    LoRA scale is loraAlpha / rank.
    """
    targets: Literal["all-linear"] | Targets5 = "all-linear"
    """
    Modules that get an adapter: all linear layers of the trunk, or names.
    """
    learning_rate: Annotated[float, Field(alias="learningRate", gt=0.0, le=1.0)] = 0.001
    weight_decay: Annotated[float, Field(alias="weightDecay", ge=0.0, le=1.0)] = 0
    max_grad_norm: Annotated[float, Field(alias="maxGradNorm", gt=0.0, le=1000.0)] = 1
    epochs: Annotated[int, Field(ge=1, le=50)] = 1
    """
    Passes over one leased batch.
    """
    micro_batch: Annotated[int, Field(alias="microBatch", ge=1, le=1024)] = 8
    """
    Preferences per optimiser step.
    """
    max_length: Annotated[int, Field(alias="maxLength", ge=8, le=131072)] = 1024
    """
    Tokens of prompt and completion together; longer rows are reported, not cut.
    """
    seed: Annotated[int, Field(ge=0, le=2147483647)] = 0


Targets6Item = TypeAliasType(
    "Targets6Item", Annotated[str, Field(max_length=100, min_length=1)]
)


Targets6 = TypeAliasType(
    "Targets6", Annotated[list[Targets6Item], Field(max_length=64, min_length=1)]
)
"""
Modules that get an adapter: all linear layers of the trunk, or names.
"""


class AsftRecipe(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    method: Literal["asft"]
    lambda_: Annotated[float, Field(alias="lambda", ge=0.0, le=100.0)] = 1
    """
    Weight of the alignment term beside SFT.
    """
    beta: Annotated[float, Field(gt=0.0, le=10000.0)] = 1
    """
    Temper of the odds; 1 is the paper’s form.
    """
    rank: Annotated[int, Field(ge=1, le=512)] = 16
    """
    LoRA rank r.
    """
    lora_alpha: Annotated[float, Field(alias="loraAlpha", gt=0.0, le=4096.0)] = 32
    """
    LoRA scale is loraAlpha / rank.
    """
    targets: Literal["all-linear"] | Targets6 = "all-linear"
    """
    Modules that get an adapter: all linear layers of the trunk, or names.
    """
    learning_rate: Annotated[float, Field(alias="learningRate", gt=0.0, le=1.0)] = 0.001
    weight_decay: Annotated[float, Field(alias="weightDecay", ge=0.0, le=1.0)] = 0
    max_grad_norm: Annotated[float, Field(alias="maxGradNorm", gt=0.0, le=1000.0)] = 1
    epochs: Annotated[int, Field(ge=1, le=50)] = 1
    """
    Passes over one leased batch.
    """
    micro_batch: Annotated[int, Field(alias="microBatch", ge=1, le=1024)] = 8
    """
    Preferences per optimiser step.
    """
    max_length: Annotated[int, Field(alias="maxLength", ge=8, le=131072)] = 1024
    """
    Tokens of prompt and completion together; longer rows are reported, not cut.
    """
    seed: Annotated[int, Field(ge=0, le=2147483647)] = 0


Targets7Item = TypeAliasType(
    "Targets7Item", Annotated[str, Field(max_length=100, min_length=1)]
)


Targets7 = TypeAliasType(
    "Targets7", Annotated[list[Targets7Item], Field(max_length=64, min_length=1)]
)
"""
Modules that get an adapter: all linear layers of the trunk, or names.
"""


class OrpoRecipe(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    method: Literal["orpo"]
    lambda_: Annotated[float, Field(alias="lambda", ge=0.0, le=100.0)] = 0.1
    """
    Weight of the odds-ratio term beside SFT.
    """
    rank: Annotated[int, Field(ge=1, le=512)] = 16
    """
    LoRA rank r.
    """
    lora_alpha: Annotated[float, Field(alias="loraAlpha", gt=0.0, le=4096.0)] = 32
    """
    LoRA scale is loraAlpha / rank.
    """
    targets: Literal["all-linear"] | Targets7 = "all-linear"
    """
    Modules that get an adapter: all linear layers of the trunk, or names.
    """
    learning_rate: Annotated[float, Field(alias="learningRate", gt=0.0, le=1.0)] = 0.001
    weight_decay: Annotated[float, Field(alias="weightDecay", ge=0.0, le=1.0)] = 0
    max_grad_norm: Annotated[float, Field(alias="maxGradNorm", gt=0.0, le=1000.0)] = 1
    epochs: Annotated[int, Field(ge=1, le=50)] = 1
    """
    Passes over one leased batch.
    """
    micro_batch: Annotated[int, Field(alias="microBatch", ge=1, le=1024)] = 8
    """
    Preferences per optimiser step.
    """
    max_length: Annotated[int, Field(alias="maxLength", ge=8, le=131072)] = 1024
    """
    Tokens of prompt and completion together; longer rows are reported, not cut.
    """
    seed: Annotated[int, Field(ge=0, le=2147483647)] = 0


Targets8Item = TypeAliasType(
    "Targets8Item", Annotated[str, Field(max_length=100, min_length=1)]
)


Targets8 = TypeAliasType(
    "Targets8", Annotated[list[Targets8Item], Field(max_length=64, min_length=1)]
)
"""
Modules that get an adapter: all linear layers of the trunk, or names.
"""


class SftRecipe(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    method: Literal["sft"]
    rank: Annotated[int, Field(ge=1, le=512)] = 16
    """
    LoRA rank r.
    """
    lora_alpha: Annotated[float, Field(alias="loraAlpha", gt=0.0, le=4096.0)] = 32
    """
    LoRA scale is loraAlpha / rank.
    """
    targets: Literal["all-linear"] | Targets8 = "all-linear"
    """
    Modules that get an adapter: all linear layers of the trunk, or names.
    """
    learning_rate: Annotated[float, Field(alias="learningRate", gt=0.0, le=1.0)] = 0.001
    weight_decay: Annotated[float, Field(alias="weightDecay", ge=0.0, le=1.0)] = 0
    max_grad_norm: Annotated[float, Field(alias="maxGradNorm", gt=0.0, le=1000.0)] = 1
    epochs: Annotated[int, Field(ge=1, le=50)] = 1
    """
    Passes over one leased batch.
    """
    micro_batch: Annotated[int, Field(alias="microBatch", ge=1, le=1024)] = 8
    """
    Preferences per optimiser step.
    """
    max_length: Annotated[int, Field(alias="maxLength", ge=8, le=131072)] = 1024
    """
    Tokens of prompt and completion together; longer rows are reported, not cut.
    """
    seed: Annotated[int, Field(ge=0, le=2147483647)] = 0


Targets9Item = TypeAliasType(
    "Targets9Item", Annotated[str, Field(max_length=100, min_length=1)]
)


Targets9 = TypeAliasType(
    "Targets9", Annotated[list[Targets9Item], Field(max_length=64, min_length=1)]
)
"""
Modules that get an adapter: all linear layers of the trunk, or names.
"""


class LnDpoRecipe(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    method: Literal["ln-dpo"]
    beta: Annotated[float, Field(gt=0.0, le=10000.0)] = 5
    """
    Strength of the pull to the reference.
    """
    label_smoothing: Annotated[float, Field(alias="labelSmoothing", ge=0.0, le=0.5)] = 0
    sft_weight: Annotated[float, Field(alias="sftWeight", ge=0.0, le=10.0)] = 0
    """
    Weight of -log π(chosen), summed over its tokens: keeps preferred answers likely.
    """
    rank: Annotated[int, Field(ge=1, le=512)] = 16
    """
    LoRA rank r.
    """
    lora_alpha: Annotated[float, Field(alias="loraAlpha", gt=0.0, le=4096.0)] = 32
    """
    LoRA scale is loraAlpha / rank.
    """
    targets: Literal["all-linear"] | Targets9 = "all-linear"
    """
    Modules that get an adapter: all linear layers of the trunk, or names.
    """
    learning_rate: Annotated[float, Field(alias="learningRate", gt=0.0, le=1.0)] = 0.001
    weight_decay: Annotated[float, Field(alias="weightDecay", ge=0.0, le=1.0)] = 0
    max_grad_norm: Annotated[float, Field(alias="maxGradNorm", gt=0.0, le=1000.0)] = 1
    epochs: Annotated[int, Field(ge=1, le=50)] = 1
    """
    Passes over one leased batch.
    """
    micro_batch: Annotated[int, Field(alias="microBatch", ge=1, le=1024)] = 8
    """
    Preferences per optimiser step.
    """
    max_length: Annotated[int, Field(alias="maxLength", ge=8, le=131072)] = 1024
    """
    Tokens of prompt and completion together; longer rows are reported, not cut.
    """
    seed: Annotated[int, Field(ge=0, le=2147483647)] = 0


Targets10Item = TypeAliasType(
    "Targets10Item", Annotated[str, Field(max_length=100, min_length=1)]
)


Targets10 = TypeAliasType(
    "Targets10", Annotated[list[Targets10Item], Field(max_length=64, min_length=1)]
)
"""
Modules that get an adapter: all linear layers of the trunk, or names.
"""


class EgidaRecipe(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    method: Literal["egida"]
    beta: Annotated[float, Field(gt=0.0, le=10000.0)] = 0.1
    """
    Strength of the pull to the reference.
    """
    label_smoothing: Annotated[float, Field(alias="labelSmoothing", ge=0.0, le=0.5)] = 0
    sft_weight: Annotated[float, Field(alias="sftWeight", ge=0.0, le=10.0)] = 0
    """
    Weight of -log π(chosen), summed over its tokens: keeps preferred answers likely.
    """
    judge: Annotated[
        TinyJudge | RefusalJudge | HttpJudge,
        Field(discriminator="type", validate_default=True),
    ] = {"type": "refusal"}
    max_pairs: Annotated[int, Field(alias="maxPairs", ge=1, le=100000)] = 2000
    samples: Annotated[int, Field(ge=1, le=64)] = 4
    """
    Answers drawn for a prompt.
    """
    temperature: Annotated[float, Field(gt=0.0, le=5.0)] = 1
    top_p: Annotated[float, Field(alias="topP", gt=0.0, le=1.0)] = 1
    max_tokens: Annotated[int, Field(alias="maxTokens", ge=1, le=32768)] = 256
    rank: Annotated[int, Field(ge=1, le=512)] = 16
    """
    LoRA rank r.
    """
    lora_alpha: Annotated[float, Field(alias="loraAlpha", gt=0.0, le=4096.0)] = 32
    """
    LoRA scale is loraAlpha / rank.
    """
    targets: Literal["all-linear"] | Targets10 = "all-linear"
    """
    Modules that get an adapter: all linear layers of the trunk, or names.
    """
    learning_rate: Annotated[float, Field(alias="learningRate", gt=0.0, le=1.0)] = 0.001
    weight_decay: Annotated[float, Field(alias="weightDecay", ge=0.0, le=1.0)] = 0
    max_grad_norm: Annotated[float, Field(alias="maxGradNorm", gt=0.0, le=1000.0)] = 1
    epochs: Annotated[int, Field(ge=1, le=50)] = 1
    """
    Passes over one leased batch.
    """
    micro_batch: Annotated[int, Field(alias="microBatch", ge=1, le=1024)] = 8
    """
    Preferences per optimiser step.
    """
    max_length: Annotated[int, Field(alias="maxLength", ge=8, le=131072)] = 1024
    """
    Tokens of prompt and completion together; longer rows are reported, not cut.
    """
    seed: Annotated[int, Field(ge=0, le=2147483647)] = 0


Targets11Item = TypeAliasType(
    "Targets11Item", Annotated[str, Field(max_length=100, min_length=1)]
)


Targets11 = TypeAliasType(
    "Targets11", Annotated[list[Targets11Item], Field(max_length=64, min_length=1)]
)
"""
Modules that get an adapter: all linear layers of the trunk, or names.
"""


class FlexDpoRecipe(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    method: Literal["flex-dpo"]
    beta_chosen: Annotated[float, Field(alias="betaChosen", gt=0.0, le=10000.0)] = 0.1
    """
    β⁺: how strongly the chosen answer is raised.
    """
    beta_rejected: Annotated[float, Field(alias="betaRejected", gt=0.0, le=10000.0)] = (
        0.08
    )
    """
    β⁻: how strongly the rejected answer is pushed down.
    """
    label_smoothing: Annotated[float, Field(alias="labelSmoothing", ge=0.0, le=0.5)] = 0
    sft_weight: Annotated[float, Field(alias="sftWeight", ge=0.0, le=10.0)] = 0
    """
    Weight of -log π(chosen), summed over its tokens: keeps preferred answers likely.
    """
    rank: Annotated[int, Field(ge=1, le=512)] = 16
    """
    LoRA rank r.
    """
    lora_alpha: Annotated[float, Field(alias="loraAlpha", gt=0.0, le=4096.0)] = 32
    """
    LoRA scale is loraAlpha / rank.
    """
    targets: Literal["all-linear"] | Targets11 = "all-linear"
    """
    Modules that get an adapter: all linear layers of the trunk, or names.
    """
    learning_rate: Annotated[float, Field(alias="learningRate", gt=0.0, le=1.0)] = 0.001
    weight_decay: Annotated[float, Field(alias="weightDecay", ge=0.0, le=1.0)] = 0
    max_grad_norm: Annotated[float, Field(alias="maxGradNorm", gt=0.0, le=1000.0)] = 1
    epochs: Annotated[int, Field(ge=1, le=50)] = 1
    """
    Passes over one leased batch.
    """
    micro_batch: Annotated[int, Field(alias="microBatch", ge=1, le=1024)] = 8
    """
    Preferences per optimiser step.
    """
    max_length: Annotated[int, Field(alias="maxLength", ge=8, le=131072)] = 1024
    """
    Tokens of prompt and completion together; longer rows are reported, not cut.
    """
    seed: Annotated[int, Field(ge=0, le=2147483647)] = 0


Targets12Item = TypeAliasType(
    "Targets12Item", Annotated[str, Field(max_length=100, min_length=1)]
)


Targets12 = TypeAliasType(
    "Targets12", Annotated[list[Targets12Item], Field(max_length=64, min_length=1)]
)
"""
Modules that get an adapter: all linear layers of the trunk, or names.
"""


class SimPoRecipe(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    method: Literal["simpo"]
    beta: Annotated[float, Field(gt=0.0, le=10000.0)] = 2
    """
    Scale of the mean log-probability; there is no reference.
    """
    gamma_beta_ratio: Annotated[
        float, Field(alias="gammaBetaRatio", ge=0.0, le=100.0)
    ] = 0.25
    """
    Target margin γ, in units of β.
    """
    loss: Literal["sigmoid", "hinge"] = "sigmoid"
    label_smoothing: Annotated[float, Field(alias="labelSmoothing", ge=0.0, le=0.5)] = 0
    sft_weight: Annotated[float, Field(alias="sftWeight", ge=0.0, le=10.0)] = 0
    """
    Weight of -log π(chosen), summed over its tokens: keeps preferred answers likely.
    """
    rank: Annotated[int, Field(ge=1, le=512)] = 16
    """
    LoRA rank r.
    """
    lora_alpha: Annotated[float, Field(alias="loraAlpha", gt=0.0, le=4096.0)] = 32
    """
    LoRA scale is loraAlpha / rank.
    """
    targets: Literal["all-linear"] | Targets12 = "all-linear"
    """
    Modules that get an adapter: all linear layers of the trunk, or names.
    """
    learning_rate: Annotated[float, Field(alias="learningRate", gt=0.0, le=1.0)] = 0.001
    weight_decay: Annotated[float, Field(alias="weightDecay", ge=0.0, le=1.0)] = 0
    max_grad_norm: Annotated[float, Field(alias="maxGradNorm", gt=0.0, le=1000.0)] = 1
    epochs: Annotated[int, Field(ge=1, le=50)] = 1
    """
    Passes over one leased batch.
    """
    micro_batch: Annotated[int, Field(alias="microBatch", ge=1, le=1024)] = 8
    """
    Preferences per optimiser step.
    """
    max_length: Annotated[int, Field(alias="maxLength", ge=8, le=131072)] = 1024
    """
    Tokens of prompt and completion together; longer rows are reported, not cut.
    """
    seed: Annotated[int, Field(ge=0, le=2147483647)] = 0


Targets13Item = TypeAliasType(
    "Targets13Item", Annotated[str, Field(max_length=100, min_length=1)]
)


Targets13 = TypeAliasType(
    "Targets13", Annotated[list[Targets13Item], Field(max_length=64, min_length=1)]
)
"""
Modules that get an adapter: all linear layers of the trunk, or names.
"""


class TinyChecker(BaseModel):
    """
    Oracle of the built-in world.
    """

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    type: Literal["tiny"]


class ArithmeticChecker(BaseModel):
    """
    Every "a + b = c" in a step must hold, and the last number must be that of the prompt’s answer.
    """

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    type: Literal["arithmetic"]


class HttpChecker(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    type: Literal["http"]
    url: AnyUrl
    """
    Base of an OpenAI-compatible API. The runner takes its key from PREFLOOP_JUDGE_KEY.
    """
    model: Annotated[str, Field(max_length=200, min_length=1)]
    timeout_seconds: Annotated[
        float, Field(alias="timeoutSeconds", gt=0.0, le=600.0)
    ] = 60


Targets14Item = TypeAliasType(
    "Targets14Item", Annotated[str, Field(max_length=100, min_length=1)]
)


Targets14 = TypeAliasType(
    "Targets14", Annotated[list[Targets14Item], Field(max_length=64, min_length=1)]
)
"""
Modules that get an adapter: all linear layers of the trunk, or names.
"""


class SrpoRecipe(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    method: Literal["srpo"]
    beta: Annotated[float, Field(gt=0.0, le=10000.0)] = 0.05
    """
    Strength of the pull to the reference.
    """
    alpha: Annotated[float, Field(ge=0.0, le=1.0)] = 0.5
    """
    Share of the improvement term; the rest is the joint term.
    """
    label_smoothing: Annotated[float, Field(alias="labelSmoothing", ge=0.0, le=0.5)] = 0
    revision: Annotated[str, Field(max_length=4000)] = (
        "{prompt}\n\nDraft:\n{draft}\n\nRewrite the draft so that it is better."
    )
    """
    The user’s message that asks for a better answer than {draft} to {prompt}.
    """
    rank: Annotated[int, Field(ge=1, le=512)] = 16
    """
    LoRA rank r.
    """
    lora_alpha: Annotated[float, Field(alias="loraAlpha", gt=0.0, le=4096.0)] = 32
    """
    LoRA scale is loraAlpha / rank.
    """
    targets: Literal["all-linear"] | Targets14 = "all-linear"
    """
    Modules that get an adapter: all linear layers of the trunk, or names.
    """
    learning_rate: Annotated[float, Field(alias="learningRate", gt=0.0, le=1.0)] = 0.001
    weight_decay: Annotated[float, Field(alias="weightDecay", ge=0.0, le=1.0)] = 0
    max_grad_norm: Annotated[float, Field(alias="maxGradNorm", gt=0.0, le=1000.0)] = 1
    epochs: Annotated[int, Field(ge=1, le=50)] = 1
    """
    Passes over one leased batch.
    """
    micro_batch: Annotated[int, Field(alias="microBatch", ge=1, le=1024)] = 8
    """
    Preferences per optimiser step.
    """
    max_length: Annotated[int, Field(alias="maxLength", ge=8, le=131072)] = 1024
    """
    Tokens of prompt and completion together; longer rows are reported, not cut.
    """
    seed: Annotated[int, Field(ge=0, le=2147483647)] = 0


Targets15Item = TypeAliasType(
    "Targets15Item", Annotated[str, Field(max_length=100, min_length=1)]
)


Targets15 = TypeAliasType(
    "Targets15", Annotated[list[Targets15Item], Field(max_length=64, min_length=1)]
)
"""
Modules that get an adapter: all linear layers of the trunk, or names.
"""


class PpoRecipe(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    method: Literal["ppo"]
    reward_learning_rate: Annotated[
        float, Field(alias="rewardLearningRate", gt=0.0, le=1.0)
    ] = 0.001
    reward_epochs: Annotated[int, Field(alias="rewardEpochs", ge=1, le=50)] = 1
    reward_margin: Annotated[float, Field(alias="rewardMargin", ge=0.0, le=100.0)] = 0
    kl_coef: Annotated[float, Field(alias="klCoef", ge=0.0, le=10.0)] = 0.05
    clip: Annotated[float, Field(gt=0.0, le=10.0)] = 0.2
    value_clip: Annotated[float, Field(alias="valueClip", gt=0.0, le=10.0)] = 0.2
    value_weight: Annotated[float, Field(alias="valueWeight", ge=0.0, le=10.0)] = 0.1
    gamma: Annotated[float, Field(gt=0.0, le=1.0)] = 1
    gae_lambda: Annotated[float, Field(alias="gaeLambda", ge=0.0, le=1.0)] = 0.95
    inner_epochs: Annotated[int, Field(alias="innerEpochs", ge=1, le=20)] = 1
    missing_end_reward: Annotated[
        float, Field(alias="missingEndReward", ge=-1000.0, le=1000.0)
    ] = -10
    """
    The reward of an answer that was cut before it ended.
    """
    rollouts: Annotated[int, Field(ge=1, le=64)] = 1
    """
    Answers drawn for a prompt.
    """
    temperature: Annotated[float, Field(gt=0.0, le=5.0)] = 0.7
    top_p: Annotated[float, Field(alias="topP", gt=0.0, le=1.0)] = 1
    max_tokens: Annotated[int, Field(alias="maxTokens", ge=1, le=32768)] = 256
    rank: Annotated[int, Field(ge=1, le=512)] = 16
    """
    LoRA rank r.
    """
    lora_alpha: Annotated[float, Field(alias="loraAlpha", gt=0.0, le=4096.0)] = 32
    """
    LoRA scale is loraAlpha / rank.
    """
    targets: Literal["all-linear"] | Targets15 = "all-linear"
    """
    Modules that get an adapter: all linear layers of the trunk, or names.
    """
    learning_rate: Annotated[float, Field(alias="learningRate", gt=0.0, le=1.0)] = 0.001
    weight_decay: Annotated[float, Field(alias="weightDecay", ge=0.0, le=1.0)] = 0
    max_grad_norm: Annotated[float, Field(alias="maxGradNorm", gt=0.0, le=1000.0)] = 1
    epochs: Annotated[int, Field(ge=1, le=50)] = 1
    """
    Passes over one leased batch.
    """
    micro_batch: Annotated[int, Field(alias="microBatch", ge=1, le=1024)] = 8
    """
    Preferences per optimiser step.
    """
    max_length: Annotated[int, Field(alias="maxLength", ge=8, le=131072)] = 1024
    """
    Tokens of prompt and completion together; longer rows are reported, not cut.
    """
    seed: Annotated[int, Field(ge=0, le=2147483647)] = 0


Targets16Item = TypeAliasType(
    "Targets16Item", Annotated[str, Field(max_length=100, min_length=1)]
)


Targets16 = TypeAliasType(
    "Targets16", Annotated[list[Targets16Item], Field(max_length=64, min_length=1)]
)
"""
Modules that get an adapter: all linear layers of the trunk, or names.
"""


class DiffusionDpoRecipe(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    method: Literal["diffusion-dpo"]
    beta: Annotated[float, Field(gt=0.0, le=10000.0)] = 2000
    """
    Strength of the pull to the reference.
    """
    label_smoothing: Annotated[float, Field(alias="labelSmoothing", ge=0.0, le=0.5)] = 0
    caption_dropout: Annotated[float, Field(alias="captionDropout", ge=0.0, le=1.0)] = (
        0.1
    )
    """
    Share of prompts that are trained as if nothing had been asked: guidance goes on working.
    """
    noise_samples: Annotated[int, Field(alias="noiseSamples", ge=1, le=64)] = 1
    """
    Times and noises that each picture is looked at with in one step.
    """
    rank: Annotated[int, Field(ge=1, le=512)] = 16
    """
    LoRA rank r.
    """
    lora_alpha: Annotated[float, Field(alias="loraAlpha", gt=0.0, le=4096.0)] = 32
    """
    LoRA scale is loraAlpha / rank.
    """
    targets: Literal["all-linear"] | Targets16 = "all-linear"
    """
    Modules that get an adapter: all linear layers of the trunk, or names.
    """
    learning_rate: Annotated[float, Field(alias="learningRate", gt=0.0, le=1.0)] = 0.001
    weight_decay: Annotated[float, Field(alias="weightDecay", ge=0.0, le=1.0)] = 0
    max_grad_norm: Annotated[float, Field(alias="maxGradNorm", gt=0.0, le=1000.0)] = 1
    epochs: Annotated[int, Field(ge=1, le=50)] = 1
    """
    Passes over one leased batch.
    """
    micro_batch: Annotated[int, Field(alias="microBatch", ge=1, le=1024)] = 8
    """
    Preferences per optimiser step.
    """
    seed: Annotated[int, Field(ge=0, le=2147483647)] = 0


Targets17Item = TypeAliasType(
    "Targets17Item", Annotated[str, Field(max_length=100, min_length=1)]
)


Targets17 = TypeAliasType(
    "Targets17", Annotated[list[Targets17Item], Field(max_length=64, min_length=1)]
)
"""
Modules that get an adapter: all linear layers of the trunk, or names.
"""


class RankDpoRecipe(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    method: Literal["rank-dpo"]
    beta: Annotated[float, Field(gt=0.0, le=10000.0)] = 1000
    """
    Strength of the pull to the reference.
    """
    caption_dropout: Annotated[float, Field(alias="captionDropout", ge=0.0, le=1.0)] = (
        0.1
    )
    """
    Share of prompts that are trained as if nothing had been asked: guidance goes on working.
    """
    noise_samples: Annotated[int, Field(alias="noiseSamples", ge=1, le=64)] = 1
    """
    Times and noises that each picture is looked at with in one step.
    """
    rank: Annotated[int, Field(ge=1, le=512)] = 16
    """
    LoRA rank r.
    """
    lora_alpha: Annotated[float, Field(alias="loraAlpha", gt=0.0, le=4096.0)] = 32
    """
    LoRA scale is loraAlpha / rank.
    """
    targets: Literal["all-linear"] | Targets17 = "all-linear"
    """
    Modules that get an adapter: all linear layers of the trunk, or names.
    """
    learning_rate: Annotated[float, Field(alias="learningRate", gt=0.0, le=1.0)] = 0.001
    weight_decay: Annotated[float, Field(alias="weightDecay", ge=0.0, le=1.0)] = 0
    max_grad_norm: Annotated[float, Field(alias="maxGradNorm", gt=0.0, le=1000.0)] = 1
    epochs: Annotated[int, Field(ge=1, le=50)] = 1
    """
    Passes over one leased batch.
    """
    micro_batch: Annotated[int, Field(alias="microBatch", ge=1, le=1024)] = 8
    """
    Preferences per optimiser step.
    """
    seed: Annotated[int, Field(ge=0, le=2147483647)] = 0


class PpdRecipe(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    method: Literal["ppd"]
    beta: Annotated[float, Field(gt=0.0, le=10000.0)] = 2000
    """
    Strength of the pull to the reference.
    """
    label_smoothing: Annotated[float, Field(alias="labelSmoothing", ge=0.0, le=0.5)] = 0
    support: Annotated[int, Field(ge=1, le=64)] = 16
    """
    Most of a user’s other votes that stand for the user; which ones is drawn anew every time.
    """
    user_dropout: Annotated[float, Field(alias="userDropout", ge=0.0, le=1.0)] = 0.1
    """
    Share of examples that are trained as if nothing were known of the user.
    """
    prior_precision: Annotated[
        float, Field(alias="priorPrecision", gt=0.0, le=1000000.0)
    ] = 25
    """
    How sure it is beforehand that nothing of a user matters: the precision, in nats, of the prior over each number of the projection. More votes are needed to move it when it is larger.
    """
    strength: Annotated[float, Field(gt=0.0, le=100.0)] = 4.5
    """
    By which what a user says is multiplied when pictures are drawn: a posterior from few votes says too little.
    """
    max_loudness: Annotated[float, Field(alias="maxLoudness", gt=0.0, le=100.0)] = 2
    """
    How loud a user is at most when pictures are drawn, as the root mean square of the embedding’s numbers, strength included: whoever is louder drowns the caption.
    """
    caption_dropout: Annotated[float, Field(alias="captionDropout", ge=0.0, le=1.0)] = (
        0.1
    )
    """
    Share of prompts that are trained as if nothing had been asked: guidance goes on working.
    """
    noise_samples: Annotated[int, Field(alias="noiseSamples", ge=1, le=64)] = 1
    """
    Times and noises that each picture is looked at with in one step.
    """
    epochs: Annotated[int, Field(ge=1, le=50)] = 1
    """
    Passes over one leased batch.
    """
    micro_batch: Annotated[int, Field(alias="microBatch", ge=1, le=1024)] = 8
    """
    Preferences per optimiser step.
    """
    seed: Annotated[int, Field(ge=0, le=2147483647)] = 0


class Message(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    role: Literal["system", "user", "assistant"]
    content: NonEmptyText


class Prompt(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    messages: Annotated[list[Message] | None, Field(max_length=64, min_length=1)] = None
    text: Annotated[str | None, Field(max_length=100000, min_length=1)] = None
    """
    A plain prompt for a base without a chat template.
    """
    group: Annotated[str | None, Field(max_length=200, min_length=1)] = None
    """
    What is held out together, when several prompts belong to one question. Default: the prompt.
    """
    topic: Annotated[str | None, Field(max_length=100, min_length=1)] = None
    """
    Sub-stream of the domain: COFS-DPO keeps an adapter for each.
    """
    answer: Annotated[str | None, Field(max_length=100000, min_length=1)] = None
    """
    A known right answer, for trainers and judges; people and models never see it.
    """


class Features(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    space: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    """
    Hash of what made the numbers; vectors of two spaces are never compared.
    """
    values: Annotated[list[float | None], Field(max_length=4096, min_length=1)]


class TextContent(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    type: Literal["text"]
    text: Text


class StepsContent(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    type: Literal["steps"]
    steps: Annotated[list[Text], Field(max_length=200, min_length=1)]


class ImageContent(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    type: Literal["image"]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    """
    Of a picture that was uploaded.
    """


TokenId = TypeAliasType("TokenId", Annotated[int, Field(ge=0)])


class Origin(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    role: Literal["live", "head", "fast", "base", "imported", "caller"]
    adapter: Sha256 | None = None
    model: Annotated[str | None, Field(max_length=300)] = None
    seed: int | None = None
    temperature: float | None = None
    top_p: Annotated[float | None, Field(alias="topP")] = None
    token_ids: Annotated[
        list[TokenId] | None, Field(alias="tokenIds", max_length=131072)
    ] = None
    logps: Annotated[list[float] | None, Field(max_length=131072)] = None
    """
    Log-probability of each token under the behaviour policy, nats.
    """


ComparisonKind = TypeAliasType(
    "ComparisonKind", Literal["pair", "ranking", "rating", "steps"]
)


class BulkPreferences(BaseModel):
    """
    Up to 500 PreferenceInput items.
    """

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    items: Annotated[list[Any], Field(max_length=500, min_length=1)]


PreferenceStatus = TypeAliasType(
    "PreferenceStatus",
    Literal[
        "waiting",
        "batched",
        "consumed",
        "heldOut",
        "notTrainable",
        "superseded",
        "quarantined",
    ],
)


NotTrainableReason = TypeAliasType(
    "NotTrainableReason",
    Literal[
        "skip",
        "bothBad",
        "emptyCompletion",
        "equalTexts",
        "singleRating",
        "unsupportedKind",
        "noWrongStep",
        "equalRatings",
        "needsRanking",
        "needsSteps",
        "needsTopic",
        "needsAnswer",
        "needsPair",
        "needsText",
        "needsImages",
        "needsUser",
        "unreadableImage",
        "tooLong",
        "equalTokens",
        "untokenizable",
    ],
)


class PairChoice(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    type: Literal["pair"]
    chosen: RecordId
    position: Annotated[int | None, Field(ge=0, le=7)] = None
    """
    Position it was shown at, from 0.
    """


class TieChoice(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    type: Literal["tie"]


class BothBadChoice(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    type: Literal["bothBad"]


class SkipChoice(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    type: Literal["skip"]


RankingItem = TypeAliasType(
    "RankingItem", Annotated[list[RecordId], Field(min_length=1)]
)


class RankingChoice(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    type: Literal["ranking"]
    ranking: Annotated[list[RankingItem], Field(max_length=8, min_length=1)]
    """
    Best first; candidates in one inner list are tied. Every candidate exactly once.
    """


class Rating(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    candidate: RecordId
    rating: Annotated[float, Field(ge=-1000.0, le=1000.0)]


class RatingChoice(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    type: Literal["rating"]
    ratings: Annotated[list[Rating], Field(max_length=8, min_length=1)]


class StepMarkChoice(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    type: Literal["stepMark"]
    candidate: RecordId
    first_wrong_step: Annotated[int | None, Field(alias="firstWrongStep", ge=0)]
    """
    From 0; null = all steps are right.
    """


class PreferenceReceipt(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    id: RecordId
    status: PreferenceStatus
    not_trainable: Annotated[NotTrainableReason | None, Field(alias="notTrainable")] = (
        None
    )
    replayed: bool
    """
    True when this very vote had been stored before.
    """


AdapterFileName = TypeAliasType(
    "AdapterFileName",
    Literal[
        "adapter_model.safetensors",
        "adapter_config.json",
        "pytorch_lora_weights.safetensors",
        "user_attention.safetensors",
        "encoder.onnx",
        "encoder.safetensors",
        "state.safetensors",
        "state-2.safetensors",
        "state-3.safetensors",
        "state-4.safetensors",
        "state-5.safetensors",
        "state-6.safetensors",
        "state-7.safetensors",
        "state-8.safetensors",
        "state-9.safetensors",
        "state-10.safetensors",
        "state-11.safetensors",
        "state-12.safetensors",
    ],
)


Metrics = TypeAliasType("Metrics", dict[str, float])


class Gate(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    name: Literal["accuracy", "displacement", "kl", "length"]
    value: float | None
    """
    null = not measurable (for example no held-out votes yet).
    """
    low: float | None
    high: float | None
    n: Annotated[int, Field(ge=0)]
    bound: float | None
    """
    null = measured only, nothing to fail.
    """
    passed: bool
    reason: Annotated[str | None, Field(max_length=1000)]


Stage = TypeAliasType("Stage", Literal["staged", "canary", "live", "retired"])


class AliasMove(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    domain: Slug
    from_: Annotated[Sha256 | None, Field(alias="from")]
    to: Sha256 | None
    action: Literal["promote", "rollback"]
    actor: str
    """
    The key that did it, or "gates".
    """
    note: str
    freed: Annotated[int, Field(ge=0)]
    """
    Votes that wait again after a rewind.
    """
    at: Timestamp


class FileReceipt(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    name: AdapterFileName
    sha256: Sha256
    bytes: Annotated[int, Field(gt=0)]
    replayed: bool


class Promotion(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    adapter: Sha256
    force: bool = False
    note: Annotated[str, Field(max_length=500)] = ""


class Rollback(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    adapter: Annotated[str | None, Field(pattern="^[0-9a-f]{64}$")] = None
    """
    null = the base model; absent = the one before.
    """
    rewind: bool = False
    note: Annotated[str, Field(max_length=500)] = ""


UnusableReason = TypeAliasType(
    "UnusableReason",
    Literal[
        "noOrder", "noFeatures", "otherSpace", "wrongLength", "notFinite", "overflow"
    ],
)


class EncoderChoice(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    encoder: Sha256 | None


class Reward(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    name: Slug
    values: Annotated[list[float], Field(max_length=16384, min_length=1)]


class Basi(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    name: Slug
    adapter: Sha256


class Prior(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    mean: list[float]
    precision: list[list[float]]
    """
    Inverse covariance, K × K.
    """


class MixtureInput(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    kind: Literal["mixture"]
    sha: Sha256
    domain: Slug
    space: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    """
    Of the candidates’ features that it reads.
    """
    feature_size: Annotated[int, Field(alias="featureSize", ge=1, le=4096)]
    metrics: Metrics | None = None
    basis: Annotated[list[Basi], Field(max_length=16, min_length=1)]
    """
    Adapters in the order of the features.
    """
    prior: Prior
    scale: Annotated[float, Field(gt=0.0)]
    """
    Calibration: what one log-ratio per token weighs in a vote (a preference weight is no mixture weight).
    """
    strength: Annotated[float, Field(ge=0.0)]
    """
    Calibration: mixture weight of one unit of preference weight.
    """
    max_weight: Annotated[float, Field(alias="maxWeight", gt=0.0)]
    """
    Largest sum of absolute mixture weights that is served.
    """


WeightsAdditionalProperty = TypeAliasType(
    "WeightsAdditionalProperty", Annotated[float, Field(ge=0.0, le=1.0)]
)


class RaterWeights(BaseModel):
    """
    null = formed under the setting off, or not leased with its weights yet: every vote counts as it says.
    """

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    window: int
    """
    At most so many votes were looked at.
    """
    votes: int
    """
    Those that were looked at, without what is held out.
    """
    computed_at: Annotated[Timestamp, Field(alias="computedAt")]
    users: float
    """
    Users of the batch, each as much of one as is reliable: from twenty on nobody weighs more than 5 %.
    """
    largest_share: Annotated[float, Field(alias="largestShare", ge=0.0, le=1.0)]
    """
    More of the batch than this no user weighs.
    """
    weights: dict[str, WeightsAdditionalProperty]
    """
    By member: what its own weight is multiplied with. 1 for votes of nobody known.
    """


BatchState = TypeAliasType(
    "BatchState", Literal["ready", "leased", "completed", "quarantined"]
)


class BatchWeights(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    window: int
    """
    At most so many votes were looked at.
    """
    votes: int
    """
    Those that were looked at, without what is held out.
    """
    computed_at: Annotated[Timestamp, Field(alias="computedAt")]
    users: float
    """
    Users of the batch, each as much of one as is reliable: from twenty on nobody weighs more than 5 %.
    """
    largest_share: Annotated[float, Field(alias="largestShare", ge=0.0, le=1.0)]
    """
    More of the batch than this no user weighs.
    """
    weights: dict[str, WeightsAdditionalProperty]
    """
    By member: what its own weight is multiplied with. 1 for votes of nobody known.
    """


class NotTrainableItem(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    preference: RecordId
    reason: NotTrainableReason


class Dismissal(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    fence: Annotated[int, Field(ge=1)]
    not_trainable: Annotated[
        list[NotTrainableItem],
        Field(alias="notTrainable", max_length=500, min_length=1),
    ]


class Pair(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    chosen: Annotated[int, Field(ge=0, le=7)]
    rejected: Annotated[int, Field(ge=0, le=7)]
    p: Annotated[float, Field(ge=0.0, le=1.0)]
    """
    Probability that chosen is really preferred; a tie is 0.5.
    """
    weight: Annotated[float, Field(ge=0.0)]
    """
    The pairs of one preference sum to that preference’s weight.
    """


class Failure(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    fence: Annotated[int, Field(ge=1)]
    reason: Annotated[str, Field(max_length=2000, min_length=1)]
    blameless: bool = False
    """
    The batch did nothing wrong, the runner was stopped: the attempt does not count
    """


class Heartbeat(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    fence: Annotated[int, Field(ge=1)]


class HeartbeatResult(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    expires_at: Annotated[Timestamp, Field(alias="expiresAt")]
    now: Timestamp


class SupportVote(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    preference: RecordId
    chosen: Annotated[list[float], Field(max_length=4096, min_length=1)]
    rejected: Annotated[list[float], Field(max_length=4096, min_length=1)]
    weight: Annotated[float, Field(ge=0.0)]


class LeaseRequest(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    domains: Annotated[list[Slug] | None, Field(max_length=100, min_length=1)] = None
    """
    Default: every domain of the base model.
    """
    base_model: Annotated[str, Field(alias="baseModel", max_length=300, min_length=1)]
    runner: Annotated[str, Field(max_length=100, min_length=1)]
    """
    Name of the runner process, for people.
    """


RaterWeighting = TypeAliasType("RaterWeighting", Literal["off", "reliability"])


class AssistantMessage(BaseModel):
    model_config = ConfigDict(
        extra="allow",
        populate_by_name=True,
        frozen=True,
    )
    __annotations__ = {
        "__pydantic_extra__": Dict[str, Any],
    }
    role: Literal["assistant"]
    content: str


class TokenLogprob(BaseModel):
    model_config = ConfigDict(
        extra="allow",
        populate_by_name=True,
        frozen=True,
    )
    __annotations__ = {
        "__pydantic_extra__": Dict[str, Any],
    }
    token: str
    logprob: float
    bytes: list[int] | None


class Usage(BaseModel):
    model_config = ConfigDict(
        extra="allow",
        populate_by_name=True,
        frozen=True,
    )
    __annotations__ = {
        "__pydantic_extra__": Dict[str, Any],
    }
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


Stop = TypeAliasType("Stop", Annotated[str, Field(max_length=100, min_length=1)])


Stop1Item = TypeAliasType(
    "Stop1Item", Annotated[str, Field(max_length=100, min_length=1)]
)


Stop1 = TypeAliasType("Stop1", Annotated[list[Stop1Item], Field(max_length=4)])


class ChatRequest(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    model: Annotated[
        str, Field(examples=["support-tone"], pattern="^[a-z0-9][a-z0-9-]{0,62}$")
    ]
    """
    The domain. Which adapter answers is decided by the edge, never by the caller.
    """
    messages: Annotated[list[Message], Field(max_length=64, min_length=1)]
    n: Annotated[int, Field(ge=1, le=8)] = 1
    seed: Annotated[int | None, Field(ge=0, le=2147483647)] = None
    temperature: Annotated[float | None, Field(ge=0.0, le=5.0)] = None
    top_p: Annotated[float | None, Field(gt=0.0, le=1.0)] = None
    max_tokens: Annotated[int | None, Field(ge=1, le=32768)] = None
    max_completion_tokens: Annotated[int | None, Field(ge=1, le=32768)] = None
    stop: Stop | Stop1 | None = None
    stream: bool = False
    logprobs: bool = False
    num_beams: Annotated[int | None, Field(ge=1, le=16)] = None
    """
    Searches the likeliest answer with so many beams instead of drawing one (arXiv 2404.12358).
    """
    revise: Annotated[int | None, Field(ge=0, le=8)] = None
    """
    Betters the answer so many times by the model that gave it; its drafts come along (arXiv 2406.01660).
    """
    personal: bool = True
    """
    false: as everybody gets it, whoever’s token it is.
    """
    user: Annotated[str | None, Field(max_length=128)] = None
    """
    Ignored: the user comes from the token.
    """


class CreditRequest(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    model: Annotated[
        str, Field(examples=["support-tone"], pattern="^[a-z0-9][a-z0-9-]{0,62}$")
    ]
    """
    The domain; its live adapter is asked.
    """
    messages: Annotated[list[Message], Field(max_length=64, min_length=1)]
    completion: NonEmptyText
    beta: Annotated[float | None, Field(gt=0.0, le=10000.0)] = None
    """
    Default: that of the domain’s recipe, or 1.
    """


class TokenCredit(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    token: str
    id: int
    credit: float
    """
    β (log π − log π_ref) of this token, nats.
    """
    logprob: float
    reference_logprob: float


class Model(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    id: Slug
    object: Literal["model"]
    created: int
    owned_by: str


Scope = TypeAliasType("Scope", Literal["admin", "ingest", "train", "infer"])


class KeyInput(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    kind: Literal["secret", "public"] = "secret"
    name: Annotated[str, Field(max_length=100, min_length=1)]
    scopes: Annotated[list[Scope], Field(max_length=4)] = []
    """
    Scopes of a secret key; a public key has none.
    """


class SigningKey(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    kid: Slug
    algorithm: Literal["HS256", "EdDSA"]
    created_at: Annotated[Timestamp, Field(alias="createdAt")]
    revoked_at: Annotated[Timestamp | None, Field(alias="revokedAt")]


class SharedSigningKey(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    kid: Slug
    algorithm: Literal["HS256"]
    secret: Annotated[str, Field(max_length=512, min_length=32)]
    """
    Shared secret, 32 characters at least.
    """


class PublicSigningKey(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    kid: Slug
    algorithm: Literal["EdDSA"]
    public_key: Annotated[str, Field(alias="publicKey", pattern="^[A-Za-z0-9_-]{43}$")]
    """
    Ed25519 public key: base64url of the 32 raw bytes.
    """


class SigningKeyList(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    items: list[SigningKey]


UserScope = TypeAliasType("UserScope", Literal["collect", "infer"])


class UserToken(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    token: str
    expires_at: Annotated[Timestamp, Field(alias="expiresAt")]


class UserTokenInput(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    user: UserId
    scopes: Annotated[list[UserScope] | None, Field(max_length=2, min_length=1)] = None
    """
    What the token may do. A key grants collect with ingest, infer with infer; default: all it can.
    """
    expires_in_seconds: Annotated[
        int, Field(alias="expiresInSeconds", ge=60, le=3600)
    ] = 3600


AllowedOrigin = TypeAliasType(
    "AllowedOrigin", Annotated[str, Field(pattern="^https?:\\/\\/[^/\\s]+$")]
)
"""
Scheme, host and port of a page that may call the edge from a browser.
"""


class Project(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    id: Slug
    name: str
    allowed_origins: Annotated[
        list[AllowedOrigin], Field(alias="allowedOrigins", max_length=50)
    ] = []
    require_assignment: Annotated[bool, Field(alias="requireAssignment")] = True
    """
    Refuse a vote by a user token or a public key that carries no valid assignment token.
    """
    created_at: Annotated[Timestamp, Field(alias="createdAt")]


class ProjectCreated(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    project: Project
    admin_key: Annotated[str, Field(alias="adminKey")]


class ProjectInput(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    id: Slug
    name: Annotated[str | None, Field(max_length=200, min_length=1)] = None
    allowed_origins: Annotated[
        list[AllowedOrigin], Field(alias="allowedOrigins", max_length=50)
    ] = []
    require_assignment: Annotated[bool, Field(alias="requireAssignment")] = True
    """
    Refuse a vote by a user token or a public key that carries no valid assignment token.
    """


class ProjectPatch(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    name: Annotated[str | None, Field(max_length=200, min_length=1)] = None
    allowed_origins: Annotated[
        list[AllowedOrigin] | None, Field(alias="allowedOrigins", max_length=50)
    ] = None
    require_assignment: Annotated[bool | None, Field(alias="requireAssignment")] = None


class Preferences(BaseModel):
    """
    Votes by what became of them.
    """

    model_config = ConfigDict(
        populate_by_name=True,
        frozen=True,
    )
    waiting: int | None = None
    batched: int | None = None
    consumed: int | None = None
    held_out: Annotated[int | None, Field(alias="heldOut")] = None
    not_trainable: Annotated[int | None, Field(alias="notTrainable")] = None
    superseded: int | None = None
    quarantined: int | None = None


class Batches(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    ready: int
    leased: int
    completed: int
    quarantined: int


class Health(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    status: Literal["ok", "degraded"]
    version: str
    host: Literal["workers", "deno", "node"]
    database: bool
    files: bool
    inference: bool | None
    """
    null = no back end is configured.
    """


class Project1(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    id: Slug
    name: str


class ConsoleSession(BaseModel):
    """
    Who is signed in; the session itself is a cookie that no script reads.
    """

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    project: Project1
    key: str
    """
    The id of the key that opened it, and the actor of what it does.
    """
    expires_at: Annotated[Timestamp, Field(alias="expiresAt")]


class ConsoleSessionInput(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    key: Annotated[str, Field(max_length=200, min_length=1)]
    """
    A secret key with the scope admin.
    """


class DomainLive(BaseModel):
    """
    How a domain is right now: the data of each `state` event.
    """

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    preferences: Preferences
    """
    Votes by what became of them.
    """
    not_trainable: Annotated[dict[str, int], Field(alias="notTrainable")]
    """
    Votes that cannot train, by reason.
    """
    batches: Batches
    now: Annotated[int, Field(ge=0)]
    """
    Of the server.
    """
    votes_per_minute: Annotated[list[int], Field(alias="votesPerMinute")]
    """
    Votes that arrived in each of the last 60 minutes, oldest first; the last one is still running.
    """
    head: Annotated[str | None, Field(pattern="^[0-9a-f]{64}$")]
    """
    The adapter that training goes on from.
    """
    live: Annotated[str | None, Field(pattern="^[0-9a-f]{64}$")]
    """
    The adapter that is served; null = the base.
    """
    newest_adapter: Annotated[Sha256 | None, Field(alias="newestAdapter")]
    last_move_at: Annotated[int | None, Field(alias="lastMoveAt", ge=0)]
    """
    When the live alias was moved last.
    """


class UserRoute(BaseModel):
    """
    What answers a person who asks with a user token of their own, and does not say `personal: false`.
    """

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    user: UserId
    domain: Slug
    adapter: Annotated[str | None, Field(pattern="^[0-9a-f]{64}$")]
    """
    The adapter that answers; null = the base, to which a mixture adds what it adds.
    """
    personal: Literal["mixture", "embedding"] | None
    """
    mixture: adapters are added to the base by the person’s own weights; embedding: the adapter is told whose taste it is; null = as for everybody.
    """
    encoder: Annotated[str | None, Field(pattern="^[0-9a-f]{64}$")]
    """
    The user encoder that the taste was computed with.
    """
    votes: Annotated[int, Field(ge=0)]
    """
    Of the person, that the taste was computed from.
    """
    because: list[str]
    """
    The reasons, in sentences for people.
    """


class ImageReceipt(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    sha256: Sha256
    media_type: Annotated[
        Literal["image/png", "image/jpeg", "image/webp"], Field(alias="mediaType")
    ]
    """
    What its first bytes say, whatever the sender called it.
    """
    width: Annotated[int, Field(gt=0)]
    height: Annotated[int, Field(gt=0)]
    bytes: Annotated[int, Field(gt=0)]
    replayed: bool


class Personal(BaseModel):
    """
    Whose taste went in: which encoder, from how many votes; null = nobody’s.
    """

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    encoder: Sha256
    votes: Annotated[int, Field(ge=0)]


class ImageData(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    url: str | None = None
    b64_json: str | None = None
    sha256: Sha256
    seed: int


class BlendPart(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    user: UserId | None = None
    reward: Slug | None = None
    weight: Annotated[float, Field(ge=0.0, le=1.0)]


class PlaceBias(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    value: float
    """
    Share of votes for the first of two places, less one half.
    """
    low: float
    high: float
    n: int
    """
    Votes between two of which it is known where the choice was shown.
    """


Suspicion = TypeAliasType(
    "Suspicion", Literal["disagrees", "place", "haste", "sameAnswer"]
)
"""
disagrees: others find something else; place: takes one place whatever is shown there; haste: faster than one can read; sameAnswer: orders the places the same way every time.
"""


class ModelStrength(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    adapter: Sha256 | Literal["other"] | None
    """
    null = the base; other = imported outputs, callers’ own, and adapters that were judged least.
    """
    strength: float
    """
    Bradley–Terry, against the mean of the listed models: log-odds.
    """
    low: float
    high: float
    n: int
    """
    Votes that compare it with another model.
    """


class SampleText(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    type: Literal["text"]
    text: str


class SampleImage(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    type: Literal["image"]
    sha256: Sha256
    url: str
    """
    Where the picture is shown, without a key.
    """


class ErrorBody(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    code: ErrorCode
    message: str
    """
    One sentence for a person. Says what is wrong and what would be right.
    """
    request_id: Annotated[str, Field(alias="requestId")]
    issues: list[Issue] | None = None
    """
    With invalid_request: each field that is wrong.
    """


class MrDpoRecipe(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    method: Literal["mrdpo"]
    beta: Annotated[float, Field(gt=0.0, le=10000.0)] = 0.1
    """
    Strength of the pull to the reference.
    """
    label_smoothing: Annotated[float, Field(alias="labelSmoothing", ge=0.0, le=0.5)] = 0
    ce_weight: Annotated[float, Field(alias="ceWeight", ge=0.0, le=10.0)] = 0.1
    """
    Weight of the cross-entropy of the prompt’s known answer, mean over its tokens.
    """
    rounds: Annotated[int, Field(ge=1, le=20)] = 3
    """
    Of one batch; after each the LoRA is merged and a fresh one begun.
    """
    resample: bool = True
    """
    Pairs are drawn anew from the current policy each round; otherwise the votes are used.
    """
    merged_rank: Annotated[int, Field(alias="mergedRank", ge=1, le=512)] = 64
    """
    Rank of what is published: all rounds together, cut to their largest directions.
    """
    judge: Annotated[
        TinyJudge | RefusalJudge | HttpJudge,
        Field(discriminator="type", validate_default=True),
    ] = {"type": "tiny"}
    samples: Annotated[int, Field(ge=1, le=64)] = 4
    """
    Answers drawn for a prompt.
    """
    temperature: Annotated[float, Field(gt=0.0, le=5.0)] = 1
    top_p: Annotated[float, Field(alias="topP", gt=0.0, le=1.0)] = 1
    max_tokens: Annotated[int, Field(alias="maxTokens", ge=1, le=32768)] = 256
    rank: Annotated[int, Field(ge=1, le=512)] = 16
    """
    LoRA rank r.
    """
    lora_alpha: Annotated[float, Field(alias="loraAlpha", gt=0.0, le=4096.0)] = 32
    """
    LoRA scale is loraAlpha / rank.
    """
    targets: Literal["all-linear"] | Targets4 = "all-linear"
    """
    Modules that get an adapter: all linear layers of the trunk, or names.
    """
    learning_rate: Annotated[float, Field(alias="learningRate", gt=0.0, le=1.0)] = 0.001
    weight_decay: Annotated[float, Field(alias="weightDecay", ge=0.0, le=1.0)] = 0
    max_grad_norm: Annotated[float, Field(alias="maxGradNorm", gt=0.0, le=1000.0)] = 1
    epochs: Annotated[int, Field(ge=1, le=50)] = 1
    """
    Passes over one leased batch.
    """
    micro_batch: Annotated[int, Field(alias="microBatch", ge=1, le=1024)] = 8
    """
    Preferences per optimiser step.
    """
    max_length: Annotated[int, Field(alias="maxLength", ge=8, le=131072)] = 1024
    """
    Tokens of prompt and completion together; longer rows are reported, not cut.
    """
    seed: Annotated[int, Field(ge=0, le=2147483647)] = 0


class StepDpoRecipe(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    method: Literal["step-dpo"]
    beta: Annotated[float, Field(gt=0.0, le=10000.0)] = 0.5
    """
    Strength of the pull to the reference.
    """
    label_smoothing: Annotated[float, Field(alias="labelSmoothing", ge=0.0, le=0.5)] = 0
    sft_weight: Annotated[float, Field(alias="sftWeight", ge=0.0, le=10.0)] = 0
    """
    Weight of -log π(chosen), summed over its tokens: keeps preferred answers likely.
    """
    checker: Annotated[
        TinyChecker | ArithmeticChecker | HttpChecker,
        Field(discriminator="type", validate_default=True),
    ] = {"type": "arithmetic"}
    corrections: Annotated[int, Field(ge=1, le=64)] = 20
    """
    Continuations drawn from before a wrong step, to find right ones.
    """
    samples: Annotated[int, Field(ge=1, le=64)] = 4
    """
    Answers drawn for a prompt.
    """
    temperature: Annotated[float, Field(gt=0.0, le=5.0)] = 0.8
    top_p: Annotated[float, Field(alias="topP", gt=0.0, le=1.0)] = 0.95
    max_tokens: Annotated[int, Field(alias="maxTokens", ge=1, le=32768)] = 256
    rank: Annotated[int, Field(ge=1, le=512)] = 16
    """
    LoRA rank r.
    """
    lora_alpha: Annotated[float, Field(alias="loraAlpha", gt=0.0, le=4096.0)] = 32
    """
    LoRA scale is loraAlpha / rank.
    """
    targets: Literal["all-linear"] | Targets13 = "all-linear"
    """
    Modules that get an adapter: all linear layers of the trunk, or names.
    """
    learning_rate: Annotated[float, Field(alias="learningRate", gt=0.0, le=1.0)] = 0.001
    weight_decay: Annotated[float, Field(alias="weightDecay", ge=0.0, le=1.0)] = 0
    max_grad_norm: Annotated[float, Field(alias="maxGradNorm", gt=0.0, le=1000.0)] = 1
    epochs: Annotated[int, Field(ge=1, le=50)] = 1
    """
    Passes over one leased batch.
    """
    micro_batch: Annotated[int, Field(alias="microBatch", ge=1, le=1024)] = 8
    """
    Preferences per optimiser step.
    """
    max_length: Annotated[int, Field(alias="maxLength", ge=8, le=131072)] = 1024
    """
    Tokens of prompt and completion together; longer rows are reported, not cut.
    """
    seed: Annotated[int, Field(ge=0, le=2147483647)] = 0


FeatureList = TypeAliasType(
    "FeatureList", Annotated[list[Features], Field(max_length=4)]
)


Content = TypeAliasType(
    "Content",
    Annotated[TextContent | StepsContent | ImageContent, Field(discriminator="type")],
)


class CandidateInput(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    id: RecordId | None = None
    content: Content
    origin: Origin | None = None
    features: FeatureList | None = None


class CandidateWithOrigin(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    id: RecordId
    position: Annotated[int, Field(ge=0, le=7)]
    content: Content
    origin: Origin


class ComparisonRecord(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    id: RecordId
    domain: Slug
    kind: ComparisonKind
    prompt: Prompt
    candidates: list[CandidateWithOrigin]
    created_at: Annotated[Timestamp, Field(alias="createdAt")]


class ComparisonRequest(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    id: Annotated[
        str | None,
        Field(
            pattern="^(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|h[0-9a-f]{40})$"
        ),
    ] = None
    """
    Made by the client: a retry then gets the same comparison.
    """
    domain: Slug
    kind: ComparisonKind | None = None
    prompt: Prompt
    candidates: Annotated[
        list[CandidateInput] | None, Field(max_length=8, min_length=2)
    ] = None
    """
    The caller’s own candidates; without them the domain’s models are asked for `k`.
    """
    as_shown: Annotated[Literal[True] | None, Field(alias="asShown")] = None
    """
    The candidates were shown in this order already, drawn at random by the page: it is recorded.
    """
    k: Annotated[int, Field(ge=2, le=8)] = 2
    draws: Annotated[int | None, Field(ge=2, le=8)] = None
    """
    Outputs the models are asked for, at least k: the k that differ most are dealt. Default: k.
    """
    temperature: Annotated[float | None, Field(ge=0.0, le=5.0)] = None
    top_p: Annotated[float | None, Field(alias="topP", gt=0.0, le=1.0)] = None
    max_tokens: Annotated[int | None, Field(alias="maxTokens", ge=1, le=32768)] = None
    seed: Annotated[int | None, Field(ge=0, le=2147483647)] = None
    user: Annotated[str | None, Field(pattern="^[A-Za-z0-9_.:@-]{1,128}$")] = None
    """
    With a secret key: the person it is dealt to.
    """


class ItemResult(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    index: Annotated[int, Field(ge=0)]
    id: str | None
    result: Literal["created", "duplicate", "rejected"]
    status: PreferenceStatus | None = None
    not_trainable: Annotated[NotTrainableReason | None, Field(alias="notTrainable")] = (
        None
    )
    code: ErrorCode | None = None
    message: str | None = None


Choice = TypeAliasType(
    "Choice",
    Annotated[
        PairChoice
        | TieChoice
        | BothBadChoice
        | SkipChoice
        | RankingChoice
        | RatingChoice
        | StepMarkChoice,
        Field(discriminator="type"),
    ],
)


class IdentifiedCandidate(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    id: RecordId
    content: Content
    origin: Origin | None = None
    features: FeatureList | None = None


class IdentifiedComparison(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    domain: Slug
    kind: ComparisonKind | None = None
    prompt: Prompt
    candidates: Annotated[list[IdentifiedCandidate], Field(max_length=8, min_length=1)]
    """
    One is enough for a rating or for marked steps; a pair and a ranking need two.
    """
    id: RecordId


class AdapterFile(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    name: AdapterFileName
    sha256: Sha256
    bytes: Annotated[int, Field(gt=0)]


class AliasHistory(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    items: list[AliasMove]


class UnusableVote(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    preference: RecordId
    reason: UnusableReason


class SetEncoderInput(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    kind: Literal["set"]
    sha: Sha256
    domain: Slug
    space: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    """
    Of the candidates’ features that it reads.
    """
    feature_size: Annotated[int, Field(alias="featureSize", ge=1, le=4096)]
    metrics: Metrics | None = None
    tokens: Annotated[int, Field(ge=1, le=256)]
    """
    N: tokens of an embedding.
    """
    width: Annotated[int, Field(ge=1, le=4096)]
    """
    U: numbers of a token.
    """
    prior: Annotated[list[float], Field(max_length=16384, min_length=1)]
    """
    The embedding without votes, N·U.
    """
    prior_uncertainty: Annotated[float, Field(alias="priorUncertainty", ge=0.0)]
    rewards: Annotated[list[Reward], Field(max_length=32, validate_default=True)] = []
    """
    Reward functions that were among the users it was trained with, for blends.
    """
    files: Annotated[list[AdapterFile], Field(max_length=4, min_length=1)]


class Batch(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    id: RecordId
    domain: Slug
    state: BatchState
    fence: Annotated[int, Field(ge=0)]
    attempts: Annotated[int, Field(ge=0)]
    runner: str | None
    lease_expires_at: Annotated[Timestamp | None, Field(alias="leaseExpiresAt")]
    adapter: Sha256 | None
    error: str | None
    """
    The last reason a runner gave for failing it.
    """
    preferences: list[RecordId]
    """
    Members in training order.
    """
    rater_weights: Annotated[RaterWeights | None, Field(alias="raterWeights")]
    """
    null = formed under the setting off, or not leased with its weights yet: every vote counts as it says.
    """
    created_at: Annotated[Timestamp, Field(alias="createdAt")]
    completed_at: Annotated[Timestamp | None, Field(alias="completedAt")]


class BatchList(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    items: list[Batch]


class Example(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    preference: RecordId
    prompt: Prompt
    completions: Annotated[list[Text], Field(max_length=8)]
    """
    Texts; none where there are pictures.
    """
    images: Annotated[list[Sha256] | None, Field(max_length=8)] = None
    """
    Pictures, in the place of texts.
    """
    pairs: Annotated[list[Pair], Field(max_length=28)]
    ratings: Annotated[list[float] | None, Field(max_length=8)] = None
    """
    One per completion, more is better: the person’s ratings, or minus the places of a ranking.
    """
    weight: Annotated[float | None, Field(ge=0.0)] = None
    """
    What a liked answer, or a wrong step, counts, which has no pair to say it. Default: 1.
    """
    prefix: Annotated[str | None, Field(max_length=100000)] = None
    """
    Right steps of an answer, which the completions go on from; they are steps, not ends.
    """
    user_key: Annotated[
        str | None, Field(alias="userKey", pattern="^[0-9a-f]{32}$")
    ] = None
    """
    Whose vote it is, for recipes that train on tastes: a pseudonym of this domain alone.
    """
    support: Annotated[list[RecordId] | None, Field(max_length=64)] = None
    """
    Other votes of this person, the newest first, whose features stand in the lease’s `support`.
    """


class HeldOut(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    examples: list[Example]
    encoder: Annotated[str | None, Field(pattern="^[0-9a-f]{64}$")] = None
    """
    The domain’s user encoder, for recipes that need it.
    """
    support: Annotated[list[SupportVote], Field(validate_default=True)] = []
    """
    Pairs of the votes that examples name, each vote once; the pairs of one vote share its id and its weight.
    """


class Logprobs(BaseModel):
    model_config = ConfigDict(
        extra="allow",
        populate_by_name=True,
        frozen=True,
    )
    __annotations__ = {
        "__pydantic_extra__": Dict[str, Any],
    }
    content: list[TokenLogprob]


class ChatChoice(BaseModel):
    model_config = ConfigDict(
        extra="allow",
        populate_by_name=True,
        frozen=True,
    )
    __annotations__ = {
        "__pydantic_extra__": Dict[str, Any],
    }
    index: int
    message: AssistantMessage
    finish_reason: Literal["stop", "length"]
    drafts: list[str] | None = None
    """
    With revise: what it was before, the first draft first.
    """
    logprobs: Logprobs | None = None
    log_ratios: list[float | None] | None = None
    """
    With a basis: (log π_adapter − log π_base) of the answer per token, one an adapter.
    """
    token_ids: list[int] | None = None
    """
    With logprobs: ids, the end token included.
    """


class ChatCompletion(BaseModel):
    model_config = ConfigDict(
        extra="allow",
        populate_by_name=True,
        frozen=True,
    )
    __annotations__ = {
        "__pydantic_extra__": Dict[str, Any],
    }
    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[ChatChoice]
    usage: Usage


class CreditResult(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    model: str
    """
    The adapter’s sha, or base.
    """
    tokens: list[TokenCredit]
    reward: float
    """
    Sum of the credits: the implicit reward of the answer.
    """


class ModelList(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    object: Literal["list"]
    data: list[Model]


class Key(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    id: str
    """
    The public part of the key; names it in lists and logs.
    """
    kind: Literal["secret", "public"]
    name: str
    scopes: list[Scope]
    created_at: Annotated[Timestamp, Field(alias="createdAt")]
    revoked_at: Annotated[Timestamp | None, Field(alias="revokedAt")]


class KeyCreated(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    key: Key
    secret: str
    """
    Shown once; only its hash is kept.
    """


class KeyList(BaseModel):
    """
    Oldest first, the revoked ones included.
    """

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    items: list[Key]


SigningKeyInput = TypeAliasType(
    "SigningKeyInput",
    Annotated[SharedSigningKey | PublicSigningKey, Field(discriminator="algorithm")],
)


class ImageResult(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    created: int
    data: list[ImageData]
    personal: Personal | None
    """
    Whose taste went in: which encoder, from how many votes; null = nobody’s.
    """
    comparison: Annotated[
        str | None,
        Field(
            pattern="^(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|h[0-9a-f]{40})$"
        ),
    ]
    """
    To vote on, when there are two or more; else null.
    """


class ImageRequest(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    model: Annotated[
        str, Field(examples=["support-tone"], pattern="^[a-z0-9][a-z0-9-]{0,62}$")
    ]
    """
    The domain. Which adapter draws is decided by the edge, never by the caller.
    """
    prompt: Annotated[str, Field(max_length=4000, min_length=1)]
    n: Annotated[int, Field(ge=1, le=8)] = 1
    seed: Annotated[int | None, Field(ge=0, le=2147483647)] = None
    steps: Annotated[int | None, Field(ge=1, le=200)] = None
    """
    Of the sampler. Default: the model’s.
    """
    guidance: Annotated[float | None, Field(ge=0.0, le=50.0)] = None
    """
    Classifier-free guidance; 1 = none.
    """
    response_format: Literal["url", "b64_json"] = "url"
    personal: bool = True
    """
    false: as everybody gets it, whoever’s token it is.
    """
    blend: Annotated[list[BlendPart] | None, Field(max_length=16, min_length=1)] = None
    """
    Instead of the caller’s own taste. A user token may name its own user and rewards only.
    """
    user: Annotated[str | None, Field(max_length=128)] = None
    """
    Ignored: the user comes from the token.
    """


class Rater(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    user: UserId
    votes: int
    checked: int
    """
    Pairs of outputs of theirs that others judged too.
    """
    informedness: float | None
    """
    What the votes say of what others find: 1 all, 0 nothing, below 0 the opposite. null = not checked.
    """
    informedness_low: Annotated[float | None, Field(alias="informednessLow")]
    informedness_high: Annotated[float | None, Field(alias="informednessHigh")]
    position: PlaceBias | None
    median_latency_ms: Annotated[float | None, Field(alias="medianLatencyMs")]
    suspicions: list[Suspicion]


class Sample(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    prompt: str
    """
    What was asked: the last message, or the caption of a picture.
    """
    before: Annotated[SampleText | SampleImage, Field(discriminator="type")]
    """
    Of the base.
    """
    now: SampleText | SampleImage | None
    """
    Of the live adapter, with the same seed; null = none is live.
    """


Recipe = TypeAliasType(
    "Recipe",
    Annotated[
        DpoRecipe
        | OfsDpoRecipe
        | CofsDpoRecipe
        | CurryDpoRecipe
        | MrDpoRecipe
        | RebirthRecipe
        | AsftRecipe
        | OrpoRecipe
        | SftRecipe
        | LnDpoRecipe
        | EgidaRecipe
        | FlexDpoRecipe
        | SimPoRecipe
        | StepDpoRecipe
        | SrpoRecipe
        | PpoRecipe
        | DiffusionDpoRecipe
        | RankDpoRecipe
        | PpdRecipe,
        Field(discriminator="method"),
    ],
)


class Candidate(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    id: RecordId
    position: Annotated[int, Field(ge=0, le=7)]
    content: Content


class Comparison(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    id: RecordId
    domain: Slug
    kind: ComparisonKind
    prompt: Prompt
    candidates: Annotated[list[Candidate], Field(max_length=8, min_length=2)]
    """
    In the dealt order.
    """
    assignment: str
    """
    Signed proof of this deal; goes back with the vote.
    """
    created_at: Annotated[Timestamp, Field(alias="createdAt")]
    expires_at: Annotated[Timestamp, Field(alias="expiresAt")]


class BulkResult(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    created: int
    duplicates: int
    rejected: int
    items: list[ItemResult]


class InlineComparison(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    domain: Slug
    kind: ComparisonKind | None = None
    prompt: Prompt
    candidates: Annotated[list[IdentifiedCandidate], Field(max_length=8, min_length=1)]
    """
    One is enough for a rating or for marked steps; a pair and a ranking need two.
    """


class Preference(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    seq: int
    """
    Order of arrival; the cursor of exports.
    """
    id: RecordId
    domain: Slug
    user: UserId | None
    comparison: IdentifiedComparison
    choice: Choice
    reason: str | None
    supersedes: RecordId | None
    superseded_by: Annotated[RecordId | None, Field(alias="supersededBy")]
    confidence: float
    weight: float
    status: PreferenceStatus
    not_trainable: Annotated[NotTrainableReason | None, Field(alias="notTrainable")]
    batch: RecordId | None
    adapter: Annotated[str | None, Field(pattern="^[0-9a-f]{64}$")]
    """
    The adapter whose training consumed it.
    """
    created_at: Annotated[Timestamp, Field(alias="createdAt")]


class PreferenceInput(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    id: RecordId
    comparison: RecordId | InlineComparison
    choice: Choice
    assignment: Annotated[str | None, Field(max_length=4096)] = None
    user: Annotated[str | None, Field(pattern="^[A-Za-z0-9_.:@-]{1,128}$")] = None
    """
    With a secret key: whose vote it is.
    """
    reason: Annotated[str | None, Field(max_length=2000)] = None
    supersedes: Annotated[
        str | None,
        Field(
            pattern="^(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|h[0-9a-f]{40})$"
        ),
    ] = None
    """
    The same person’s earlier vote that this one replaces.
    """
    confidence: Annotated[float | None, Field(ge=0.5, le=1.0)] = None
    """
    Probability that the choice is right, when the source knows it (soft label).
    """
    weight: Annotated[float | None, Field(ge=0.0, le=1.0)] = None
    """
    With a secret key: how much the vote counts.
    """
    latency_ms: Annotated[int | None, Field(alias="latencyMs", ge=0, le=86400000)] = (
        None
    )


class PreferencePage(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    items: list[Preference]
    next: int | None


class AdapterInput(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    sha: Sha256
    parent: Sha256 | None
    base_model: Annotated[str, Field(alias="baseModel", max_length=300, min_length=1)]
    base_fingerprint: Annotated[
        str, Field(alias="baseFingerprint", pattern="^[0-9a-f]{64}$")
    ]
    """
    Hash of the base model’s weights and tokenizer.
    """
    recipe: Recipe
    files: Annotated[list[AdapterFile], Field(max_length=14, min_length=1)]
    encoder: Annotated[str | None, Field(pattern="^[0-9a-f]{64}$")] = None
    """
    The user encoder that it was trained with: it understands the embeddings of no other.
    """
    metrics: Metrics | None = None
    losses: Annotated[list[float], Field(max_length=10000)] = []
    gates: Annotated[list[Gate], Field(max_length=20, validate_default=True)] = []
    runtime: Annotated[str, Field(max_length=300)] = ""
    """
    Image digest or version of the runner.
    """


class AdapterRecord(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    sha: Sha256
    parent: Sha256 | None
    base_model: Annotated[str, Field(alias="baseModel", max_length=300, min_length=1)]
    base_fingerprint: Annotated[
        str, Field(alias="baseFingerprint", pattern="^[0-9a-f]{64}$")
    ]
    """
    Hash of the base model’s weights and tokenizer.
    """
    recipe: Recipe
    files: Annotated[list[AdapterFile], Field(max_length=14, min_length=1)]
    encoder: Annotated[str | None, Field(pattern="^[0-9a-f]{64}$")] = None
    """
    The user encoder that it was trained with: it understands the embeddings of no other.
    """
    metrics: Metrics | None = None
    losses: Annotated[list[float], Field(max_length=10000)] = []
    gates: Annotated[list[Gate], Field(max_length=20, validate_default=True)] = []
    runtime: Annotated[str, Field(max_length=300)] = ""
    """
    Image digest or version of the runner.
    """
    domain: Slug
    stage: Stage
    batches: list[RecordId]
    """
    Batches this adapter itself learned from (its parents’ are theirs).
    """
    preferences: Annotated[int, Field(ge=0)]
    """
    Votes consumed by those batches.
    """
    oldest_vote_at: Annotated[Timestamp | None, Field(alias="oldestVoteAt")]
    created_at: Annotated[Timestamp, Field(alias="createdAt")]
    live_at: Annotated[int | None, Field(alias="liveAt", ge=0)]
    """
    When it was first served.
    """


class AdapterRegistration(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    sha: Sha256
    parent: Sha256 | None
    base_model: Annotated[str, Field(alias="baseModel", max_length=300, min_length=1)]
    base_fingerprint: Annotated[
        str, Field(alias="baseFingerprint", pattern="^[0-9a-f]{64}$")
    ]
    """
    Hash of the base model’s weights and tokenizer.
    """
    recipe: Recipe
    files: Annotated[list[AdapterFile], Field(max_length=14, min_length=1)]
    encoder: Annotated[str | None, Field(pattern="^[0-9a-f]{64}$")] = None
    """
    The user encoder that it was trained with: it understands the embeddings of no other.
    """
    metrics: Metrics | None = None
    losses: Annotated[list[float], Field(max_length=10000)] = []
    gates: Annotated[list[Gate], Field(max_length=20, validate_default=True)] = []
    runtime: Annotated[str, Field(max_length=300)] = ""
    """
    Image digest or version of the runner.
    """
    domain: Slug


class Embedding(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    user: UserId
    domain: Slug
    encoder: Sha256
    kind: Literal["set", "mixture"]
    votes: Annotated[int, Field(ge=0)]
    """
    That it was computed from: the newest, at most 64.
    """
    tokens: int
    width: int
    values: list[float]
    """
    tokens × width, row by row; of a mixture its K weights.
    """
    uncertainty: list[float]
    """
    Standard deviations: of a mixture one a weight; of a set encoder one, relative to the prior’s.
    """
    unusable: list[UnusableVote]
    """
    Votes among them that say nothing, and why.
    """
    updated_at: Annotated[Timestamp, Field(alias="updatedAt")]


EncoderInput = TypeAliasType("EncoderInput", SetEncoderInput | MixtureInput)


class EncoderRecord(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    encoder: EncoderInput
    created_at: Annotated[Timestamp, Field(alias="createdAt")]
    replayed: bool


class Completion(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    fence: Annotated[int, Field(ge=1)]
    adapter: AdapterInput
    not_trainable: Annotated[
        list[NotTrainableItem],
        Field(alias="notTrainable", max_length=500, validate_default=True),
    ] = []
    """
    Members the runner could not train on: they are reported, not consumed.
    """


class CompletionResult(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    adapter: AdapterRecord
    live: bool
    """
    Whether the adapter is being served now.
    """
    reason: str | None
    """
    Why it is not live.
    """
    replayed: bool


class Lease(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    batch: RecordId
    domain: Slug
    fence: Annotated[int, Field(ge=1)]
    """
    Grows with every lease; an older one is refused.
    """
    attempt: Annotated[int, Field(ge=1)]
    expires_at: Annotated[Timestamp, Field(alias="expiresAt")]
    now: Annotated[int, Field(ge=0)]
    """
    The server’s clock, so that a runner with a wrong one can still renew in time.
    """
    base_model: Annotated[str, Field(alias="baseModel")]
    recipe: Recipe
    gates: GateBounds
    parent: Annotated[str | None, Field(pattern="^[0-9a-f]{64}$")]
    """
    The domain’s head: what this batch is trained on top of.
    """
    examples: list[Example]
    encoder: Annotated[str | None, Field(pattern="^[0-9a-f]{64}$")] = None
    """
    The domain’s user encoder, for recipes that need it.
    """
    support: Annotated[list[SupportVote], Field(validate_default=True)] = []
    """
    Pairs of the votes that examples name, each vote once; the pairs of one vote share its id and its weight.
    """


class Domain(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    id: Slug
    base_model: Annotated[str, Field(alias="baseModel", max_length=300, min_length=1)]
    """
    The base that adapters of this domain belong to: "tiny", a hub id or a folder name.
    """
    recipe: Recipe
    gates: GateBounds | None = None
    policy: Literal["gates"] = "gates"
    """
    How a checkpoint goes live: when its gates pass.
    """
    batch_size: Annotated[int, Field(alias="batchSize", ge=1, le=500)] = 32
    """
    Preferences in a full batch.
    """
    max_wait_seconds: Annotated[
        float, Field(alias="maxWaitSeconds", ge=0.0, le=86400.0)
    ] = 30
    """
    A smaller batch is formed when its oldest vote has waited this long.
    """
    lease_seconds: Annotated[int, Field(alias="leaseSeconds", ge=1, le=86400)] = 120
    max_attempts: Annotated[int, Field(alias="maxAttempts", ge=1, le=100)] = 5
    """
    Leases of one batch before it is quarantined.
    """
    hold_out: Annotated[float, Field(alias="holdOut", ge=0.0, le=0.9)] = 0.1
    """
    Share of split units never trained on.
    """
    split_by: Annotated[Literal["prompt", "user"], Field(alias="splitBy")] = "prompt"
    """
    The unit that is held out whole. Fixed once a vote has come in.
    """
    temperature: Annotated[float, Field(ge=0.0, le=5.0)] = 1
    top_p: Annotated[float, Field(alias="topP", gt=0.0, le=1.0)] = 1
    max_tokens: Annotated[int, Field(alias="maxTokens", ge=1, le=32768)] = 256
    system: Annotated[str | None, Field(max_length=100000, min_length=1)] = None
    """
    System message put before a prompt that has none.
    """
    rater_weights: Annotated[
        Literal["off", "reliability"], Field(alias="raterWeights")
    ] = "off"
    """
    reliability: a vote counts less in training the less its voter is found to agree with others, and one voter never most of a batch; off: every vote counts as it says.
    """
    head: Annotated[str | None, Field(pattern="^[0-9a-f]{64}$")]
    """
    The adapter where training continues; null = the base.
    """
    live: Annotated[str | None, Field(pattern="^[0-9a-f]{64}$")]
    """
    The adapter that is served; null = the base.
    """
    encoder: Annotated[str | None, Field(pattern="^[0-9a-f]{64}$")]
    """
    The user encoder of new embeddings; null = tastes are not computed.
    """
    created_at: Annotated[Timestamp, Field(alias="createdAt")]


class DomainInput(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    id: Slug
    base_model: Annotated[str, Field(alias="baseModel", max_length=300, min_length=1)]
    """
    The base that adapters of this domain belong to: "tiny", a hub id or a folder name.
    """
    recipe: Recipe
    gates: GateBounds | None = None
    policy: Literal["gates"] = "gates"
    """
    How a checkpoint goes live: when its gates pass.
    """
    batch_size: Annotated[int, Field(alias="batchSize", ge=1, le=500)] = 32
    """
    Preferences in a full batch.
    """
    max_wait_seconds: Annotated[
        float, Field(alias="maxWaitSeconds", ge=0.0, le=86400.0)
    ] = 30
    """
    A smaller batch is formed when its oldest vote has waited this long.
    """
    lease_seconds: Annotated[int, Field(alias="leaseSeconds", ge=1, le=86400)] = 120
    max_attempts: Annotated[int, Field(alias="maxAttempts", ge=1, le=100)] = 5
    """
    Leases of one batch before it is quarantined.
    """
    hold_out: Annotated[float, Field(alias="holdOut", ge=0.0, le=0.9)] = 0.1
    """
    Share of split units never trained on.
    """
    split_by: Annotated[Literal["prompt", "user"], Field(alias="splitBy")] = "prompt"
    """
    The unit that is held out whole. Fixed once a vote has come in.
    """
    temperature: Annotated[float, Field(ge=0.0, le=5.0)] = 1
    top_p: Annotated[float, Field(alias="topP", gt=0.0, le=1.0)] = 1
    max_tokens: Annotated[int, Field(alias="maxTokens", ge=1, le=32768)] = 256
    system: Annotated[str | None, Field(max_length=100000, min_length=1)] = None
    """
    System message put before a prompt that has none.
    """
    rater_weights: Annotated[
        Literal["off", "reliability"], Field(alias="raterWeights")
    ] = "off"
    """
    reliability: a vote counts less in training the less its voter is found to agree with others, and one voter never most of a batch; off: every vote counts as it says.
    """


class DomainList(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    items: list[Domain]


class DomainPatch(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    recipe: Recipe | None = None
    gates: GateBounds | None = None
    batch_size: Annotated[int | None, Field(alias="batchSize", ge=1, le=500)] = None
    max_wait_seconds: Annotated[
        float | None, Field(alias="maxWaitSeconds", ge=0.0, le=86400.0)
    ] = None
    lease_seconds: Annotated[
        int | None, Field(alias="leaseSeconds", ge=1, le=86400)
    ] = None
    max_attempts: Annotated[int | None, Field(alias="maxAttempts", ge=1, le=100)] = None
    temperature: Annotated[float | None, Field(ge=0.0, le=5.0)] = None
    top_p: Annotated[float | None, Field(alias="topP", gt=0.0, le=1.0)] = None
    max_tokens: Annotated[int | None, Field(alias="maxTokens", ge=1, le=32768)] = None
    system: NonEmptyText | None = None
    rater_weights: Annotated[RaterWeighting | None, Field(alias="raterWeights")] = None


class DomainStats(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    preferences: Preferences
    """
    Votes by what became of them.
    """
    not_trainable: Annotated[dict[str, int], Field(alias="notTrainable")]
    """
    Votes that cannot train, by reason.
    """
    batches: Batches
    domain: Domain
    adapters: list[AdapterRecord]
    """
    The last 100, oldest first: the points of the curves. Of more than 200 losses as many means of equal stretches, to six digits; all of them are at /v1/adapters/{sha}.
    """
    moves: list[AliasMove]
    """
    The last 20 moves of the live alias, newest first.
    """


class RaterReport(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    domain: Slug
    window: int
    """
    At most so many votes are looked at: the newest that decide something.
    """
    votes: int
    """
    Those that were: no ties, no skips, none that a later vote replaced.
    """
    people: int
    judged_twice: Annotated[int, Field(alias="judgedTwice")]
    """
    Pairs of outputs that at least two people judged.
    """
    alpha: float | None
    """
    Krippendorff’s α of those: 1 all agree, 0 chance. null = there are none.
    """
    alpha_low: Annotated[float | None, Field(alias="alphaLow")]
    alpha_high: Annotated[float | None, Field(alias="alphaHigh")]
    position: PlaceBias | None
    raters: list[Rater]
    """
    Most votes first.
    """
    models: list[ModelStrength]
    """
    Strongest first; none before two models have met.
    """


class SampleList(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    live: Annotated[str | None, Field(pattern="^[0-9a-f]{64}$")]
    """
    The adapter that is served; null = the base.
    """
    samples: list[Sample]
    """
    Fewer than were asked for where fewer prompts are held out.
    """


class AdapterList(BaseModel):
    """
    Newest first.
    """

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    items: list[AdapterRecord]


class EncoderList(BaseModel):
    """
    Newest first.
    """

    model_config = ConfigDict(
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )
    items: list[EncoderRecord]
