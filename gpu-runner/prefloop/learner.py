"""What learns from a leased batch: a text model or one that draws, with what it remembers between batches."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from prefloop.base import Base, ImageBase
from prefloop.contracts import HeldOut, Lease, NotTrainableItem, PpdRecipe, Recipe
from prefloop.gates.samples import BaseAnswers
from prefloop.image.rows import PictureReader, PictureRow
from prefloop.learn import Learned, describe_runtime, encode_held_out, encode_rows, learn
from prefloop.learn_images import learn_pictures, read_held_out_votes, read_votes
from prefloop.publish import check_state_size
from prefloop.recipes.image_methods import image_recipe
from prefloop.recipes.kinds import text_recipe
from prefloop.taste.set_encoder import SetEncoder
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

    def read(self, lease: Lease, on_row: Callable[[], None]) -> tuple[Sequence[Any], Refused]:
        """What can be trained on, and the reasons of what cannot. on_row: called before each, may raise to end the work."""
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
        check_state_size(self.base.trunk.layers, text_recipe(recipe))

    def read(self, lease: Lease, on_row: Callable[[], None]) -> tuple[Sequence[Encoded], Refused]:
        return encode_rows(self.base, lease.examples, lease.recipe, on_row)

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


@dataclass(frozen=True)
class ImageLearner:
    """cache: what the base is off by, remembered; it may be lost. fetch_encoder: a user encoder by its sha."""

    base: ImageBase
    reader: PictureReader
    cache: ReferenceCache
    fetch_encoder: Callable[[str], SetEncoder]

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
        # A user attention is small, whatever the recipe says.
        wanted = image_recipe(recipe)
        if not isinstance(wanted, PpdRecipe):
            check_state_size(self.base.model.layers, wanted)

    def read(self, lease: Lease, on_row: Callable[[], None]) -> tuple[Sequence[PictureRow], Refused]:
        votes = ((example, None) for example in lease.examples)
        return read_votes(self.reader, votes, lease.support or [], image_recipe(lease.recipe), on_row)

    def read_held_out(self, held_out: HeldOut, recipe: Recipe) -> Sequence[PictureRow]:
        return read_held_out_votes(self.reader, held_out.examples, held_out.support or [])

    def learn(
        self,
        parent: Mapping[str, bytes] | None,
        rows: Sequence[PictureRow],
        held_out: Sequence[PictureRow],
        lease: Lease,
        lineage: Mapping[str, str | None],
        on_step: Callable[[], None],
    ) -> Learned:
        sha = lease.encoder if lease.recipe.method == "ppd" else None
        if lease.recipe.method == "ppd" and sha is None:
            raise ValueError(f"the domain {lease.domain} has no user encoder, which ppd needs")
        return learn_pictures(
            self.base.model,
            self.reader,
            self.cache,
            parent,
            rows,
            held_out,
            image_recipe(lease.recipe),
            lease.gates,
            lineage,
            on_step,
            self.fetch_encoder(sha) if sha else None,
            sha,
        )
