"""A base model in a model hub (huggingface.co, or another server that speaks its protocol)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bases.licence import licence_files
from contract.base_extras import extra_files
from contract.errors import BaseFolderError, ContractError

if TYPE_CHECKING:
    from contract.base_layout import Layout

# huggingface.co/docs/huggingface_hub: names of letters, digits, `-`, `_` and `.`; 96 at most.
HUB_ID = re.compile(
    r"(?P<id>[\w.-]{1,96}/[\w.-]{1,96})(?:@(?P<revision>[\w./-]{1,100}))?", re.ASCII
)


class HubError(ContractError):
    """The hub does not give this model; the message says why."""


@contextmanager
def _refusals(model_id: str, revision: str | None) -> Iterator[None]:
    """The hub's refusals as sentences."""
    # The client takes a second to import, and most runs have their base model in a folder.
    import httpx2  # what the client speaks through; its errors come out as they are
    from huggingface_hub import errors

    try:
        yield
    except errors.GatedRepoError as error:
        raise HubError(
            f"{model_id} is gated: accept its terms in the hub, and log in (HF_TOKEN)"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise HubError(f"{model_id} has no revision {revision}") from error
    except errors.RepositoryNotFoundError as error:
        raise HubError(
            f"there is no folder {model_id}, and the hub knows no such model, or keeps it private"
        ) from error
    except errors.HfHubHTTPError as error:
        raise HubError(f"the hub answered {error.response.status_code}") from error
    except (httpx2.HTTPError, OSError) as error:
        raise HubError(
            f"there is no folder {model_id}, and the hub cannot be reached ({type(error).__name__})"
        ) from error


class HubModel:
    """A model at one commit: the revision asked for is looked up once, and then it never moves.

    Gated models need the token that `hf auth login` or HF_TOKEN leaves; the client reads it.
    """

    def __init__(self, model_id: str, revision: str | None, address: str | None) -> None:
        from huggingface_hub import HfApi

        self._id, self._address = model_id, address
        with _refusals(model_id, revision):
            info = HfApi(endpoint=address).model_info(
                model_id, revision=revision, files_metadata=True
            )
        if info.sha is None:
            raise HubError(f"the hub names no commit of {model_id}")
        self.commit = info.sha
        self._sizes = {entry.rfilename: entry.size or 0 for entry in info.siblings or []}

    def sizes(self) -> dict[str, int]:
        """See BaseFiles."""
        return self._sizes

    def read(self, name: str, start: int, count: int) -> bytes:
        """See BaseFiles."""
        from huggingface_hub import get_session, hf_hub_url
        from huggingface_hub.utils import (  # type: ignore[attr-defined]
            build_hf_headers,
            hf_raise_for_status,
        )

        end = min(start + count, self._sizes[name]) - 1
        if end < start:
            return b""
        url = hf_hub_url(self._id, name, revision=self.commit, endpoint=self._address)
        headers = {**build_hf_headers(), "Range": f"bytes={start}-{end}"}
        with _refusals(self._id, self.commit):
            answer = get_session().get(url, headers=headers)
            hf_raise_for_status(answer)
        content: bytes = answer.content
        if len(content) != end + 1 - start:
            raise BaseFolderError(f"{name} is cut off")
        return content

    def fetch_file(self, name: str, cache: Path) -> Path:
        """One file, under `cache`; raises HubError also if there is no such file."""
        from huggingface_hub import hf_hub_download

        if name not in self._sizes:
            raise HubError(f"{self._id} has no {name}")
        with _refusals(self._id, self.commit):
            return Path(
                hf_hub_download(
                    self._id, name, revision=self.commit, cache_dir=cache, endpoint=self._address
                )
            )

    def fetch(self, layout: Layout, cache: Path) -> Path:
        """See Remote."""
        from huggingface_hub import snapshot_download

        with _refusals(self._id, self.commit):
            return Path(
                snapshot_download(
                    self._id,
                    revision=self.commit,
                    allow_patterns=[
                        *layout.files,
                        *extra_files(self._sizes),
                        *licence_files(self._sizes),
                    ],
                    cache_dir=cache,
                    endpoint=self._address,
                )
            )
