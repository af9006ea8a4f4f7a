"""What the server answers when it cannot answer: { code, message }."""

from starlette.responses import JSONResponse


class ServeError(Exception):
    """`code` is for programs, the message for people. retry_after: seconds after which a retry may succeed."""

    def __init__(self, status: int, code: str, message: str, retry_after: int | None = None):
        super().__init__(message)
        self.status = status
        self.code = code
        self.retry_after = retry_after

    @property
    def body(self) -> dict[str, str]:
        return {"code": self.code, "message": str(self)}

    def response(self) -> JSONResponse:
        headers = {} if self.retry_after is None else {"retry-after": str(self.retry_after)}
        if self.status == 401:
            headers["www-authenticate"] = "Bearer"
        return JSONResponse(self.body, self.status, headers)
