"""What learns from a leased batch: a text model or one that draws, with what it remembers between batches."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from prefloop.base import Base, ImageBase
from prefloop.contracts import GateBounds, HeldOut, Lease, NotTrainableItem, Recipe, SupportVote
from prefloop.edge import Edge
from prefloop.edge_errors import EdgeError
from prefloop.file_cache import FileCache
from prefloop.gates.samples import BaseAnswers
from prefloop.image.rows import PictureReader, PictureRow
from prefloop.learn import Learned, describe_runtime, encode_held_out, encode_rows, learn
from prefloop.learn_images import learn_pictures, read_votes
from prefloop.publish import check_state_size
from prefloop.recipes.image_methods import image_recipe
from prefloop.taste.set_encoder import FILE as ENCODER
from prefloop.taste.set_encoder import SetEncoder, read_set_encoder
from prefloop.text.encode import Encoded
from prefloop.text.reference_cache import ReferenceCache

Refused = list[NotTrainableItem]


class Learner(Protocol):
    """name, fingerprint: of the base. What `read` gives is handed back to `learn` as it is."""

    @property
    def name(self) -> str: ...

    @property
    def fingerprint(self) -> str: ...

    @property
    def runtime(self) -> str: ...

    def check(self, recipe: Recipe) -> None:
        """Raises ValueError, before any training, for a recipe that this model or the edge cannot take."""
        ...

    def read(self, lease: Lease) -> tuple[Sequence[Any], Refused]:
        """What can be trained on, and the reasons of what cannot."""
        ...

    def read_held_out(self, held_out: HeldOut, recipe: Recipe) -> Sequence[Any]: ...

    def learn(
        self,
        parent: Mapping[str, bytes] | None,
        rows: Sequence[Any],
        held_out: Sequence[Any],
        lease: Lease,
        lineage: Mapping[str, str | None],
        on_step: Callable[[], None],
    ) -> Learned: ...


@dataclass(frozen=True)
class TextLearner:
    """references, base_answers: caches that may be lost."""

    base: Base
    references: ReferenceCache
    base_answers: BaseAnswers

    @property
    def name(self) -> str:
        return self.base.name

    @property
    def fingerprint(self) -> str:
        return self.base.fingerprint

    @property
    def runtime(self) -> str:
        return describe_runtime(self.base.trunk.device)

    def check(self, recipe: Recipe) -> None:
        check_state_size(self.base.trunk.layers, recipe)

    def read(self, lease: Lease) -> tuple[Sequence[Encoded], Refused]:
        return encode_rows(self.base, lease.examples, lease.recipe)

    def read_held_out(self, held_out: HeldOut, recipe: Recipe) -> Sequence[Encoded]:
        return encode_held_out(self.base, held_out.examples, recipe)

    def learn(
        self,
        parent: Mapping[str, bytes] | None,
        rows: Sequence[Encoded],
        held_out: Sequence[Encoded],
        lease: Lease,
        lineage: Mapping[str, str | None],
        on_step: Callable[[], None],
    ) -> Learned:
        return learn(
            self.base,
            self.references,
            self.base_answers,
            parent,
            rows,
            held_out,
            lease.recipe,
            lease.gates,
            lineage,
            on_step,
        )


class ImageLearner:
    """Pictures and user encoders come from the edge, once each. files: where they are kept."""

    def __init__(self, base: ImageBase, edge: Edge, files: FileCache) -> None:
        self.base, self.edge, self.files = base, edge, files
        self.reader = PictureReader(base.model, self._picture)
        self._encoders: dict[str, SetEncoder] = {}

    @property
    def name(self) -> str:
        return self.base.name

    @property
    def fingerprint(self) -> str:
        return self.base.fingerprint

    @property
    def runtime(self) -> str:
        return describe_runtime(self.base.model.device)

    def check(self, recipe: Recipe) -> None:
        if image_recipe(recipe).method != "ppd":
            check_state_size(self.base.model.layers, recipe)

    def read(self, lease: Lease) -> tuple[Sequence[PictureRow], Refused]:
        return read_votes(self.reader, lease.examples, lease.support or [])

    def read_held_out(self, held_out: HeldOut, recipe: Recipe) -> Sequence[PictureRow]:
        support: list[SupportVote] = held_out.support or []
        return read_votes(self.reader, held_out.examples, support)[0]

    def learn(
        self,
        parent: Mapping[str, bytes] | None,
        rows: Sequence[PictureRow],
        held_out: Sequence[PictureRow],
        lease: Lease,
        lineage: Mapping[str, str | None],
        on_step: Callable[[], None],
    ) -> Learned:
        bounds: GateBounds = lease.gates
        sha = lease.encoder if lease.recipe.method == "ppd" else None
        encoder = self._encoder(sha) if sha else None
        recipe = image_recipe(lease.recipe)
        return learn_pictures(
            self.base.model,
            self.reader,
            parent,
            rows,
            held_out,
            recipe,
            bounds,
            lineage,
            on_step,
            encoder,
            sha,
        )

    def _picture(self, sha256: str) -> bytes:
        """Raises LookupError for one that the edge does not have."""
        content = self.files.get(sha256)
        if content is None:
            try:
                content = self.edge.image(sha256)
            except EdgeError as error:
                if error.code == "not_found":
                    raise LookupError(sha256) from error
                raise
            if self.files.put(content) != sha256:
                raise ValueError(
                    f"the edge's picture {sha256[:12]} does not have the hash that it is listed under"
                )
        return content

    def _encoder(self, sha: str) -> SetEncoder:
        if sha not in self._encoders:
            self._encoders[sha] = read_set_encoder(self.edge.encoder_file(sha, ENCODER))
        return self._encoders[sha]
