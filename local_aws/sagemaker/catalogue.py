"""Models and endpoint configurations: named, immutable documents."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from local_aws.sagemaker.errors import ValidationException
from local_aws.sagemaker.ports import Platform
from local_aws.sagemaker.validation import validate
from local_aws.sagemaker.variant import Variant, join

Json = dict[str, Any]


class Catalogue:
    """CreateModel, CreateEndpointConfig and their Describe and Delete. Thread-safe."""

    def __init__(self, platform: Platform, arn_prefix: str) -> None:
        self._platform = platform
        self._arn_prefix = arn_prefix
        self._lock = threading.Lock()
        self._tables: dict[str, dict[str, Json]] = {"model": {}, "endpoint-config": {}}

    def arn(self, kind: str, name: str) -> str:
        """ARN of a `model`, `endpoint-config`, `endpoint` or `training-job`: lower case in AWS."""
        return f"{self._arn_prefix}:{kind}/{name}".lower()

    def names(self, kind: str) -> list[str]:
        """All names of a kind."""
        with self._lock:
            return list(self._tables[kind])

    def create_model(self, request: Mapping[str, Any]) -> Json:
        """CreateModel."""
        validate("sagemaker", "CreateModel", request)
        self._platform.check_role(request["ExecutionRoleArn"])
        return self._add("model", request["ModelName"], request, "ModelArn")

    def create_config(self, request: Mapping[str, Any]) -> Json:
        """CreateEndpointConfig; its models must exist."""
        validate("sagemaker", "CreateEndpointConfig", request)
        for variant in request["ProductionVariants"]:
            self.get("model", variant["ModelName"])
        name = request["EndpointConfigName"]
        return self._add("endpoint-config", name, request, "EndpointConfigArn")

    def _add(self, kind: str, name: str, request: Mapping[str, Any], key: str) -> Json:
        arn = self.arn(kind, name)
        with self._lock:
            table = self._tables[kind]
            if name in table:
                message = f'Cannot create already existing {_word(kind)} "{arn}".'
                raise ValidationException(message)
            table[name] = {**request, key: arn, "CreationTime": time.time()}
        return {key: arn}

    def get(self, kind: str, name: str) -> Json:
        """DescribeModel and DescribeEndpointConfig; raises ValidationException."""
        with self._lock:
            found = self._tables[kind].get(name)
        if found is None:
            message = f'Could not find {_word(kind)} "{self.arn(kind, name)}".'
            raise ValidationException(message)
        return {name: value for name, value in found.items() if name != "Tags"}

    def remove(self, kind: str, name: str) -> None:
        """DeleteModel and DeleteEndpointConfig; an endpoint keeps what it was made from."""
        self.get(kind, name)
        with self._lock:
            self._tables[kind].pop(name, None)

    def variant(self, endpoint: str, config_name: str) -> tuple[Json, Variant]:
        """A configuration, and what an endpoint of it runs; raises ValidationException."""
        config = self.get("endpoint-config", config_name)
        model = self.get("model", config["ProductionVariants"][0]["ModelName"])
        return config, join(endpoint, config, model)


def _word(kind: str) -> str:
    return kind.replace("-config", " configuration")
