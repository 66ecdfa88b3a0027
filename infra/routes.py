"""Every route of the API, and the function that answers it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Access(Enum):
    """What a caller's access token must allow."""

    PUBLIC = "public"
    READ = "read"
    WRITE = "write"


@dataclass(frozen=True)
class Route:
    """One method on one path; ``function`` is a module of ``lambdas.api``."""

    method: str
    path: str
    function: str
    access: Access


def _routes(function: str, *lines: str) -> list[Route]:
    split = (line.split() for line in lines)
    return [
        Route(method, path, function, Access.READ if method == "GET" else Access.WRITE)
        for method, path in split
    ]


ROUTES = (
    Route("GET", "/health", "catalogue", Access.PUBLIC),
    # A receipt has to be read when its account is gone: the id alone opens it.
    Route("GET", "/erasures/{erasure_id}", "subjects", Access.PUBLIC),
    *_routes("catalogue", "GET /styles", "GET /models"),
    *_routes(
        "subjects",
        "GET /subjects",
        "POST /subjects",
        "GET /subjects/{subject_id}",
        "PATCH /subjects/{subject_id}",
        "DELETE /subjects/{subject_id}",
        "GET /subjects/{subject_id}/photos",
        "POST /subjects/{subject_id}/photos",
        "GET /subjects/{subject_id}/photos/{photo_id}",
        "DELETE /subjects/{subject_id}/photos/{photo_id}",
        "GET /uploads",
        "POST /uploads",
        "GET /uploads/{upload_id}",
        "DELETE /uploads/{upload_id}",
        "GET /me",
        "DELETE /me",
        "POST /me/appeal",
    ),
    *_routes(
        "trainings",
        "GET /subjects/{subject_id}/trainings",
        "POST /subjects/{subject_id}/trainings",
        "GET /trainings/{training_id}",
        "POST /trainings/{training_id}/cancel",
    ),
    *_routes(
        "generations",
        "GET /generations",
        "POST /generations",
        "GET /generations/{generation_id}",
        "DELETE /generations/{generation_id}",
        "POST /generations/{generation_id}/cancel",
        "POST /generations/{generation_id}/images/{image_id}/report",
        "POST /generations/{generation_id}/images/{image_id}/appeal",
    ),
    # For the group `moderators`: their handler asks for it.
    *_routes(
        "reviews",
        "GET /reviews",
        "GET /reviews/audit",
        "GET /reviews/{review_id}",
        "POST /reviews/{review_id}/decision",
    ),
    *_routes("verify", "POST /verify"),
)
# The routes whose body may carry an image (base64, up to 4 MB).
IMAGE_PATHS = ("/generations", "/verify")
