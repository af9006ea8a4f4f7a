"""A reward behind a server: POST { prompt, image: PNG in base64 } → { score }."""

import base64
import io
import os
from concurrent.futures import ThreadPoolExecutor

import httpx
from PIL import Image

from prefloop.judges.patience import PAUSE, Refused, ask_patiently, check_status

KEY = "PREFLOOP_REWARD_KEY"
AT_ONCE = 8


class HttpReward:
    """Key: from PREFLOOP_REWARD_KEY, none is fine. timeout: seconds that one picture may take."""

    def __init__(self, url: str, timeout: float, pause: float = PAUSE):
        self.url, self.pause = url, pause
        key = os.environ.get(KEY)
        self.client = httpx.Client(timeout=timeout, headers={"authorization": f"Bearer {key}"} if key else {})

    def score(self, prompts: list[str], pictures: list[Image.Image]) -> list[float]:
        """Raises JudgeFailed after several attempts; what was sent is never part of the message."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            asked = [pool.submit(self._ask, *one) for one in zip(prompts, pictures, strict=True)]
            try:
                return [one.result() for one in asked]
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def _ask(self, prompt: str, picture: Image.Image) -> float:
        file = io.BytesIO()
        picture.save(file, "PNG")
        body = {"prompt": prompt, "image": base64.b64encode(file.getvalue()).decode()}
        return ask_patiently(lambda: self._once(body), "the server", self.pause)

    def _once(self, body: dict[str, str]) -> float:
        response = self.client.post(self.url, json=body)
        check_status(response, "the server")
        try:
            score = response.json()["score"]
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError("its answer has no score") from error
        if isinstance(score, bool) or not isinstance(score, int | float):
            raise Refused("its score is no number")
        return score
