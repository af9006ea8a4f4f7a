"""From a measured number and the domain's bound to the gate that is stored with the adapter."""

from typing import Literal

from prefloop.contracts import Gate
from prefloop.gates.interval import Measured

GateName = Literal["accuracy", "displacement", "kl", "length"]


def verdict(
    name: GateName, measured: Measured | None, bound: float | None, broken: str | None, missing: str
) -> Gate:
    """`broken` says how `measured` breaks the bound (None: it holds); `missing` says why there is no number.

    A bound that cannot be checked is not met: an adapter is served on evidence, not on the lack of it.
    """
    if measured is None:
        reason = missing if bound is None else f"{missing}, so the bound {bound:g} cannot be checked"
        return Gate(
            name=name, value=None, low=None, high=None, n=0, bound=bound, passed=bound is None, reason=reason
        )
    return Gate(
        name=name,
        value=measured.value,
        low=measured.low,
        high=measured.high,
        n=measured.n,
        bound=bound,
        passed=bound is None or broken is None,
        reason=broken if bound is not None else None,
    )
