"""What deployment tells a function: environment variables, typed, and a file of settings.

Deployment gives each function only what it uses, so every resource is optional here and demanded by
name where a handler is wired: `environment.need("TABLE_NAME")`. The settings, which outgrow what
variables may hold, lie in a layer: Lambda puts its folder on the path of the interpreter.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from lambdas.domain.settings import DomainSettings

SETTINGS_FILE = "domain_settings.json"


class MisconfiguredError(RuntimeError):
    """Deployment and code disagree; nothing can work until it is deployed right."""


class Environment(BaseModel):
    """Names of the resources that this function may use."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    ENVIRONMENT: str = "local"
    TABLE_NAME: str | None = None
    IDEMPOTENCY_TABLE_NAME: str | None = None
    AUDIT_TABLE_NAME: str | None = None
    UPLOADS_BUCKET: str | None = None
    PHOTOS_BUCKET: str | None = None
    MODELS_BUCKET: str | None = None
    WORK_BUCKET: str | None = None
    AVATARS_BUCKET: str | None = None
    DATA_KEY_ARN: str | None = None
    RECEIPT_KEY_ARN: str | None = None
    USER_POOL_ID: str | None = None
    WATERMARK_KEY_ARN: str | None = None
    SIGNING_KEY_ARN: str | None = None
    CERTIFICATES_PARAMETER: str | None = None
    STATE_MACHINE_ARN: str | None = None
    ENDPOINT_NAMES: str | None = None
    ERASURE_QUEUE_URL: str | None = None
    INTAKE_QUEUE_URL: str | None = None
    RESULTS_QUEUE_URL: str | None = None
    PAINTING_QUEUE_URL: str | None = None
    TRAINING_CODE_URI: str | None = None
    TRAINING_INSTANCE_TYPES: str | None = None

    def need(self, name: str) -> str:
        """The value of a variable that the caller cannot do without."""
        value = getattr(self, name)
        if not value:
            raise MisconfiguredError(f"the environment variable {name} is missing")
        return str(value)

    def endpoints_of(self, base_model: str) -> tuple[str, ...]:
        """The names of the equal endpoints that serve a base model, in the order of deployment."""
        names = tuple(self._of_base("ENDPOINT_NAMES", base_model).split())
        if not names:
            raise MisconfiguredError(f"ENDPOINT_NAMES says nothing of {base_model}")
        return names

    def instance_type_of(self, base_model: str) -> str:
        """The machine on which adapters for a base model are trained."""
        return self._of_base("TRAINING_INSTANCE_TYPES", base_model)

    def _of_base(self, name: str, base_model: str) -> str:
        """Deployment passes what differs between base models as a JSON object, id → value."""
        try:
            return str(json.loads(self.need(name))[base_model])
        except (ValueError, KeyError, TypeError):
            raise MisconfiguredError(f"{name} says nothing of {base_model}") from None

    def settings(self) -> DomainSettings:
        """The rules and base models of this deployment."""
        return parse_settings(find_settings(sys.path))


def find_settings(path: Iterable[str]) -> str:
    """The text of the settings in the first folder that has them; raises MisconfiguredError."""
    for folder in path:
        try:
            return Path(folder, SETTINGS_FILE).read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            continue
    raise MisconfiguredError(f"{SETTINGS_FILE} is missing: the layer of settings is not there")


def parse_settings(text: str) -> DomainSettings:
    """The settings in a document; raises MisconfiguredError that says what is wrong with it."""
    try:
        return DomainSettings.model_validate_json(text)
    except ValidationError as error:
        wrong = "; ".join(_sentence(found) for found in error.errors())
        raise MisconfiguredError(f"{SETTINGS_FILE} is wrong: {wrong}") from None


def _sentence(found: Any) -> str:
    """Where and what; settings are no secrets."""
    where = ".".join(map(str, found["loc"])) or "/"
    return f"{where}: {found['msg'].removeprefix('Value error, ')}"


def read(variables: Mapping[str, str]) -> Environment:
    """The environment in `variables`."""
    return Environment.model_validate(dict(variables))


@cache
def current() -> Environment:
    """The environment of this process, read once."""
    return read(os.environ)
