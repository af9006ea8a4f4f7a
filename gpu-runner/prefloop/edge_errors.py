"""How the edge refuses: one class per way that callers treat differently."""

import httpx


class EdgeError(Exception):
    """The edge refused a call. `code` is one of the contract's error codes; the message is meant for people."""

    def __init__(self, code: str, message: str, status: int = 0):
        super().__init__(message)
        self.code = code
        self.status = status


class EdgeUnreachable(EdgeError):
    """No usable answer for as long as the caller was willing to wait, or until it was asked to stop."""


class AccessRefused(EdgeError):
    """The key is missing, wrong, or lacks the `train` scope. Repeating the call cannot help."""


class BaseModelMismatch(EdgeError):
    """The domain names another base model than the one this runner holds."""


class LeaseLost(EdgeError):
    """The batch is no longer ours: it expired, was leased again, is finished, or is quarantined."""


class StaleParent(EdgeError):
    """Another runner moved the domain's head meanwhile; the batch is still ours."""


ERRORS: dict[str, type[EdgeError]] = {
    "unauthorized": AccessRefused,
    "forbidden": AccessRefused,
    "key_in_browser": AccessRefused,
    "token_invalid": AccessRefused,
    "token_expired": AccessRefused,
    "base_model_mismatch": BaseModelMismatch,
    "stale_fence": LeaseLost,
    "lease_expired": LeaseLost,
    "batch_finished": LeaseLost,
    "quarantined": LeaseLost,
    "stale_parent": StaleParent,
}


def refusal(answer: httpx.Response) -> EdgeError:
    """The error that an answer other than a success stands for."""
    try:
        body = answer.json()
        code, message = str(body["code"]), str(body["message"])
    except (ValueError, TypeError, KeyError):
        code, message = (
            "unknown",
            f"HTTP {answer.status_code} without an error body: is this the edge's address?",
        )
        return EdgeError(code, message, answer.status_code)
    issues = "; ".join(f"{issue['path']}: {issue['message']}" for issue in body.get("issues") or [])
    return ERRORS.get(code, EdgeError)(
        code, f"{message} ({issues})" if issues else message, answer.status_code
    )
