"""The gates of an image model: what must hold before its adapter is served."""

from collections.abc import Sequence

from prefloop.contracts import Gate, GateBounds
from prefloop.gates.verdict import verdict
from prefloop.image.accuracy import PictureScore, measure_picture_accuracy, measure_picture_displacement


def check_picture_gates(
    held_out: Sequence[PictureScore], seen: Sequence[PictureScore], bounds: GateBounds
) -> list[Gate]:
    """accuracy on held-out votes; displacement, the rise of the error on chosen pictures as a share of the base's, on
    `seen`. kl and length are measured of texts alone: a domain that bounds them is not served."""
    right, rise = measure_picture_accuracy(held_out), measure_picture_displacement(seen)
    wrong = worse = None
    if right is not None and bounds.min_accuracy is not None and right.value < bounds.min_accuracy:
        wrong = (
            f"agrees with {right.value:.3f} of the held-out preferences, at least {bounds.min_accuracy:g} is "
            "asked for"
        )
    if rise is not None and bounds.max_displacement is not None and not rise.value <= bounds.max_displacement:
        worse = (
            f"the error on chosen pictures rose by {rise.value:.1%}, at most {bounds.max_displacement:.1%} is "
            "allowed"
        )
    gates = [
        verdict("accuracy", right, bounds.min_accuracy, wrong, "no held-out preference takes a side yet"),
        verdict("displacement", rise, bounds.max_displacement, worse, "no chosen picture to look at"),
    ]
    if bounds.max_kl is not None:
        gates.append(verdict("kl", None, bounds.max_kl, None, "it is measured of texts"))
    if bounds.max_length_ratio is not None:
        gates.append(verdict("length", None, bounds.max_length_ratio, None, "pictures have no length"))
    return gates
