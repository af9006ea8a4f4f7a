"""Rows with other people's columns of votes on pictures, in our own words: Pick-a-Pic's and ImageReward's.

{caption, jpg_0: FILE, jpg_1: FILE, label_0, label_1, user_id?}             or image_0_uid and image_1_uid
{prompt, generations: [FILE…], ranking: [PLACE…]}                           1 is the best place, equal ones are ties
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# A picture that is named by its uid alone has one of these.
ENDINGS = (".jpg", ".jpeg", ".png", ".webp", "")


def renamed(row: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A row of `picture_file`'s own forms; what is neither Pick-a-Pic's nor ImageReward's stays as it is. folder: of the pictures.

    Raises ValueError for columns that are not what they should be.
    """
    if "caption" in row and {"label_0", "label_1"} & row.keys():
        return _pick_a_pic(row, folder)
    return _image_reward(row) if "generations" in row else row


def _pick_a_pic(row: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    if row.get("has_label") is False:
        raise ValueError("has no vote: has_label is false")
    labels: list[Any] = [row.get("label_0"), row.get("label_1")]
    if labels not in ([0, 1], [1, 0], [0.5, 0.5]) or any(isinstance(one, bool) for one in labels):
        raise ValueError("label_0 and label_1 must be 1 and 0, 0 and 1, or 0.5 each")
    pictures = [_picture(row, side, folder) for side in (0, 1)]
    better = labels.index(max(labels))
    said = {"chosen": pictures[better], "rejected": pictures[1 - better], "p": float(labels[better])}
    if row.get("user_id") is not None:
        # Who votes is known by what a domain makes of them: 32 hex digits.
        said["userKey"] = hashlib.sha256(str(row["user_id"]).encode()).hexdigest()[:32]
    return {"prompt": row["caption"], **said}


def _picture(row: Mapping[str, Any], side: int, folder: Path) -> str:
    """Its file; raises ValueError where there is none."""
    path, uid = row.get(f"jpg_{side}"), row.get(f"image_{side}_uid")
    if isinstance(path, str):
        return path
    if not isinstance(uid, str):
        raise ValueError(f"has neither jpg_{side}, a file's name, nor image_{side}_uid")
    names = [uid + ending for ending in ENDINGS if (folder / (uid + ending)).is_file()]
    if not names:
        raise ValueError(f"there is no picture of the uid {uid} beside it")
    return names[0]


def _image_reward(row: Mapping[str, Any]) -> dict[str, Any]:
    images, places = row["generations"], row.get("ranking")
    if not isinstance(images, list) or not isinstance(places, list) or len(images) != len(places):
        raise ValueError("generations and ranking must be lists of one length")
    if not all(isinstance(place, int) and not isinstance(place, bool) for place in places):
        raise ValueError("ranking must be places, 1 for the best")
    return {"prompt": row.get("prompt"), "images": images, "ratings": [-place for place in places]}
