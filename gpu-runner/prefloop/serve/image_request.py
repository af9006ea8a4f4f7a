"""The body of POST /v1/images/generations and of POST /v1/features, checked."""

import base64
import binascii
from typing import Annotated

from pydantic import Field, StringConstraints

from prefloop.serve.chat_request import Strict
from prefloop.serve.errors import ServeError

MOST_PICTURES = 8
Row = Annotated[list[float], Field(min_length=1, max_length=4096)]


class ImageRequest(Strict):
    """OpenAI's prompt and n, and our own. model: an adapter's sha, or base. Picture i has the seed `seed` + i.

    user: the tokens of whom they are drawn for. features: say also what the feature encoder sees in each picture.
    """

    model: Annotated[str, StringConstraints(pattern=r"^(base|[0-9a-f]{64})$")]
    prompt: Annotated[str, StringConstraints(min_length=1, max_length=4000)]
    n: Annotated[int, Field(ge=1, le=MOST_PICTURES)] = 1
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    steps: Annotated[int, Field(ge=1, le=200)] | None = None
    guidance: Annotated[float, Field(ge=0, le=50)] | None = None
    user: Annotated[list[Row], Field(min_length=1, max_length=256)] | None = None
    features: bool = False


class FeaturesRequest(Strict):
    """images: PNG, JPEG or WebP, in base64."""

    images: Annotated[list[str], Field(min_length=1, max_length=64)]

    def contents(self) -> list[bytes]:
        """Raises ServeError for what is no base64."""
        try:
            return [base64.b64decode(image, validate=True) for image in self.images]
        except binascii.Error as error:
            raise ServeError(400, "invalid_request", f"images: not base64: {error}") from error
