"""An edge that does what a test tells it to, for faults that a real one cannot be asked for.

It keeps the protocol's shape and no more: one domain, batches in a list, files by hash. `faults` are answers that are
given, once each, instead of the proper one: { 'METHOD path-ending': [answer, ...] }. `taste`: encoder and support of the
lease. `images` are bytes by hash; `encoders` what is registered, and files.
"""

import hashlib
import json
from typing import Any

import httpx

FINGERPRINT = "f" * 64
DOMAIN = "replies"


def refusal(status: int, code: str) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "message": f"Because of {code}.", "requestId": "r"})


class ScriptedEdge:
    def __init__(self, batches: list[list[dict[str, Any]]], recipe: dict[str, Any]):
        self.batches = batches
        self.recipe = recipe
        self.base_model = "random"
        self.head: str | None = None
        self.files: dict[str, bytes] = {}
        self.adapters: dict[str, dict[str, Any]] = {}
        self.faults: dict[str, list[httpx.Response | Exception]] = {}
        self.asked: list[tuple[str, Any]] = []
        self.held_out: dict[str, Any] = {"examples": []}
        self.gates: dict[str, Any] = {}
        self.taste: dict[str, Any] = {}
        self.images: dict[str, bytes] = {}
        self.encoders: dict[str, tuple[dict[str, Any], dict[str, bytes]]] = {}
        self.lease_ms = 60_000
        self.leased = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v1/")
        is_json = request.headers.get("content-type") == "application/json"
        body = json.loads(request.content) if is_json else None
        asked = f"{request.method} {path}"
        self.asked.append((asked, body))
        for ending, answers in self.faults.items():
            if asked.endswith(ending) and answers:
                answer = answers.pop(0)
                if isinstance(answer, Exception):
                    raise answer
                return answer
        match request.method, path.split("/"):
            case "GET", ["domains"]:
                return httpx.Response(200, json={"items": [self.domain()]})
            case "GET", ["domains", _]:
                return httpx.Response(200, json=self.domain())
            case "GET", ["domains", _, "held-out"]:
                return httpx.Response(200, json=self.held_out)
            case "POST", ["batches", "lease"]:
                return self.lease()
            case "POST", ["batches", _, "heartbeat"]:
                return httpx.Response(200, json={"expiresAt": self.lease_ms, "now": 0})
            case "POST", ["batches", batch, "complete"]:
                return self.complete(batch, body)
            case "POST", ["batches", _, "fail" | "dismiss"]:
                return httpx.Response(200, json={})
            case "GET", ["images", sha256]:
                known = self.images.get(sha256)
                return refusal(404, "not_found") if known is None else httpx.Response(200, content=known)
            case "GET", ["encoders", sha]:
                record = {"encoder": self.encoders[sha][0], "createdAt": 0, "replayed": False}
                return httpx.Response(200, json=record)
            case "GET", ["encoders", sha, "files", name]:
                return httpx.Response(200, content=self.encoders[sha][1][name])
            case "PUT", ["adapters", "files", sha256]:
                assert hashlib.sha256(request.content).hexdigest() == sha256
                self.files[sha256] = request.content
                return httpx.Response(200, json={})
            case "GET", ["adapters", sha]:
                return httpx.Response(200, json=self.adapters[sha])
            case "GET", ["adapters", sha, "files", name]:
                file = next(file for file in self.adapters[sha]["files"] if file["name"] == name)
                return httpx.Response(200, content=self.files[file["sha256"]])
        raise AssertionError(f"nobody should ask for {asked}")

    def calls(self, ending: str) -> list[Any]:
        """Bodies of the calls whose path ends so."""
        return [body for asked, body in self.asked if asked.endswith(ending)]

    def domain(self) -> dict[str, Any]:
        return {
            "id": DOMAIN,
            "baseModel": self.base_model,
            "recipe": self.recipe,
            "gates": {},
            "policy": "gates",
            "batchSize": 4,
            "maxWaitSeconds": 0,
            "leaseSeconds": 60,
            "maxAttempts": 5,
            "holdOut": 0,
            "splitBy": "prompt",
            "temperature": 1,
            "topP": 1,
            "maxTokens": 32,
            "head": self.head,
            "live": None,
            "encoder": None,
            "createdAt": 0,
        }

    def lease(self) -> httpx.Response:
        if not self.batches:
            return httpx.Response(204)
        self.leased += 1
        lease = {
            "batch": f"h{self.leased:040x}",
            "domain": DOMAIN,
            "fence": 1,
            "attempt": 1,
            "expiresAt": 5_000_000 + self.lease_ms,
            "now": 5_000_000,
            "baseModel": self.base_model,
            "recipe": self.recipe,
            "gates": self.gates,
            "parent": self.head,
            "examples": self.batches.pop(0),
            **self.taste,
        }
        return httpx.Response(200, json=lease)

    def complete(self, batch: str, body: dict[str, Any]) -> httpx.Response:
        if body["adapter"]["parent"] != self.head:
            return refusal(409, "stale_parent")
        return httpx.Response(200, json=self.publish(batch, body["adapter"]))

    def publish(self, batch: str, adapter: dict[str, Any]) -> dict[str, Any]:
        """Make an adapter the head; what `complete` answers."""
        record = adapter | {
            "domain": DOMAIN,
            "stage": "staged",
            "batches": [batch],
            "preferences": 1,
            "oldestVoteAt": 0,
            "createdAt": 0,
            "liveAt": None,
        }
        self.adapters[adapter["sha"]] = record
        self.head = adapter["sha"]
        return {"adapter": record, "live": False, "reason": "nobody serves", "replayed": False}
