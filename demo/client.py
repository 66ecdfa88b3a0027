"""The REST API from a client's point of view: one method a route, one exception for refusals."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Document = dict[str, Any]


class ApiError(Exception):
    """The API refused: an RFC 9457 problem document.

    `status` is the HTTP status, `code` the stable code, `problem` the whole document.
    """

    def __init__(self, status: int, problem: Document) -> None:
        self.status = status
        self.problem = problem
        self.code = str(problem.get("code", ""))
        super().__init__(f"{status} {self.code}: {problem.get('detail') or problem.get('title')}")


@dataclass
class AvatarClient:
    """A signed-in caller of the API at `base_url` (which ends in the version, such as `/v1`)."""

    base_url: str
    token: str | None = None
    session: requests.Session = field(default_factory=requests.Session)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        idempotency_key: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> requests.Response:
        """One request; raise `ApiError` for any answer of 400 and above.

        A POST always carries an `Idempotency-Key`: repeating it after a lost answer is safe.
        """
        sent = dict(headers or {})
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        if method == "POST":
            sent["Idempotency-Key"] = idempotency_key or secrets.token_urlsafe(18)
        answer = self.session.request(
            method, f"{self.base_url}{path}", json=body, headers=sent, timeout=60
        )
        if answer.status_code >= 400:
            try:
                problem = answer.json()
            except ValueError:
                problem = {"title": answer.reason, "detail": answer.text[:200]}
            raise ApiError(answer.status_code, problem)
        return answer

    def get(self, path: str) -> Document:
        """GET a JSON document."""
        document: Document = self.call("GET", path).json()
        return document

    def post(self, path: str, body: Any = None) -> Document:
        """POST a JSON document, an empty object by default."""
        document: Document = self.call("POST", path, {} if body is None else body).json()
        return document

    def delete(self, path: str) -> Document:
        """DELETE a resource; what was answered, an empty object if that was nothing."""
        answer = self.call("DELETE", path)
        document: Document = answer.json() if answer.content else {}
        return document

    def items(self, path: str) -> Iterator[Document]:
        """Every item of a list, following its cursors."""
        cursor = ""
        while True:
            page = self.get(f"{path}?cursor={cursor}" if cursor else path)
            yield from page["items"]
            cursor = page.get("next_cursor") or ""
            if not cursor:
                return

    def upload(self, slot: Document, content: bytes) -> requests.Response:
        """Send bytes to the presigned POST of an upload slot; the answer is S3's own."""
        target = slot["upload"]
        return requests.post(
            target["url"], data=target["fields"], files={"file": content}, timeout=60
        )

    def wait(
        self,
        path: str,
        done: Callable[[Document], bool],
        *,
        seconds: float,
        seen: Callable[[Document], None] = lambda _: None,
        every: float = 0.5,
    ) -> Document:
        """Read `path` until `done`, showing readings to `seen`; `TimeoutError` after `seconds`."""
        end = time.monotonic() + seconds
        while True:
            document = self.get(path)
            seen(document)
            if done(document):
                return document
            if time.monotonic() > end:
                raise TimeoutError(f"{path} was still '{document.get('state')}' after {seconds} s")
            time.sleep(every)
