"""Typed settings of one environment, read from the ``environments`` block of ``cdk.json``.

Whatever differs between a laptop, a development account and production stands there and nowhere
else. A block that is wrong stops the synth with one sentence that says where and what.
"""

from __future__ import annotations

import json
import re
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

EmailAddress = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
InstanceType = Annotated[str, Field(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$")]

# Retentions that CloudWatch Logs knows (PutRetentionPolicy), a sensible part of them.
LogRetentionDays = Literal[1, 3, 5, 7, 14, 30, 60, 90, 180, 365]


# Lambda quotas: 4 KB for all environment variables of a function together, of which the names and
# ARNs of its resources take up to 1 KB, the name of each base model's endpoint with its own up to
# 140 bytes, and the name of each further endpoint, with a space, 64 (CreateEndpoint allows 63).
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_MORE_BASE_MODELS = 15
_BASE_NAME_BYTES, _ENDPOINT_NAME_BYTES = 140, 64


_BACKEND = "domain.generation.subjectless_backend"


class SettingsError(ValueError):
    """The settings of an environment cannot be used; the message says which and why."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FunctionSettings(_Strict):
    """How the Lambda functions run.

    ``platform``: ``aws`` bundles for arm64 and the declared Python, ``host`` for this machine.
    """

    platform: Literal["aws", "host"] = "aws"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"


class IdentitySettings(_Strict):
    """Sign-in: where the hosted pages may return to, and how long a token lives."""

    callback_urls: list[str] = Field(min_length=1)
    logout_urls: list[str] = Field(min_length=1)
    access_token_minutes: int = Field(default=60, ge=5, le=1440)
    refresh_token_days: int = Field(default=30, ge=1, le=3650)


class ManagedRules(StrEnum):
    """Rule groups of AWS that may stand before the API beside its common one; $1 a month each."""

    BAD_ADDRESSES = "AWSManagedRulesAmazonIpReputationList"
    KNOWN_BAD_INPUTS = "AWSManagedRulesKnownBadInputsRuleSet"


class ApiSettings(_Strict):
    """Throttles of the API, for everybody together and for one address; rules before it."""

    cors_origins: list[str] = Field(min_length=1)
    requests_per_second: int = Field(default=50, ge=1)
    burst: int = Field(default=100, ge=1)
    requests_per_address: int = Field(default=1000, ge=10)  # in five minutes, by the firewall
    more_rules: list[ManagedRules] = Field(default=list(ManagedRules))


class TrainingSettings(_Strict):
    """The machine of a training job."""

    instance_type: InstanceType
    volume_gb: int = Field(default=100, ge=1, le=16384)
    spot: bool = True


class EndpointSettings(_Strict):
    """The machines of the endpoint: up to five types, the preferred first (InstancePools).

    ``count`` equal endpoints share the adapters, each with up to ``max_instances`` of its own.
    """

    count: int = Field(default=1, ge=1, le=8)
    instance_types: list[InstanceType] = Field(min_length=1, max_length=5)
    max_instances: int = Field(default=2, ge=1)
    concurrent_invocations: int = Field(default=1, ge=1, le=1000)
    backlog_per_instance: float = Field(default=8, gt=0)
    # Instances leave one by one (a tenth at a time of many) while each has less than this at hand
    # on the average of five minutes (0 is idle, 1 always busy); so many such averages come first.
    scale_in_below: float = Field(default=0.1, gt=0, lt=1)
    scale_in_periods: int = Field(default=3, ge=1, le=12)
    scale_in_cooldown_seconds: int = Field(default=300, ge=0)
    scale_out_cooldown_seconds: int = Field(default=300, ge=0)
    # The alarm that wakes stays on until an instance serves, which takes 5 to 11 minutes for SDXL:
    # a shorter pause would start a second and a third one meanwhile.
    wake_cooldown_seconds: int = Field(default=900, ge=0)
    model_download_seconds: int = Field(default=1800, ge=60, le=3600)
    startup_seconds: int = Field(default=1800, ge=60, le=3600)
    adapter_cache_gb: int = Field(default=20, ge=1)  # on the instance's disk
    adapter_host_gb: float = Field(default=4, ge=0)  # in its memory, ready to be copied
    adapter_device_gb: float = Field(default=1, ge=0)  # in the accelerator's, where there is one
    compile_blocks: bool = False  # the first image of an instance waits for it
    adapter_sweep_seconds: int = Field(default=600, ge=1, le=3600)  # what was erased leaves it then

    @field_validator("instance_types")
    @classmethod
    def _different(cls, types: list[str]) -> list[str]:
        if len(set(types)) != len(types):
            raise ValueError("the same instance type stands there twice")
        return types


class CodeSettings(_Strict):
    """What goes into the code of the two containers.

    ``vendor_wheels`` false leaves out diffusers, peft and accelerate: right only where the
    container is a process in this project's own virtual environment.
    """

    vendor_wheels: bool = True


class AlarmSettings(_Strict):
    """Who is told, and from which values on."""

    email: EmailAddress | None = None
    api_p99_ms: int = Field(default=3000, gt=0)
    oldest_request_seconds: int = Field(default=3600, gt=0)
    oldest_review_seconds: int = Field(default=86400, gt=0)


class BudgetSettings(_Strict):
    """A monthly cost budget for the account; its address is told at 80 % and when 100 % is due."""

    monthly_usd: int = Field(gt=0)
    email: EmailAddress


class BaseModelSettings(_Strict):
    """A base model that an endpoint keeps loaded; also told to the API."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,62}$")]
    family: Literal["sd", "sdxl"]
    licence: str = Field(min_length=1, max_length=80)  # its name, for clients
    sizes: list[tuple[int, int]] = Field(min_length=1)
    default_negative_prompt: str = ""
    precision: Literal["fp32", "fp16", "bf16"]
    few_step: dict[str, Any] | None = None  # as the domain block: validated by the handlers


class HostedModelSettings(_Strict):
    """The model of Amazon Bedrock that draws what has no subject, and where it is invoked."""

    model: Annotated[str, Field(pattern=r"^stability\.[a-z0-9-]+-v\d+:\d+$")]
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
    concurrency: int = Field(default=2, ge=2, le=1000)  # calls at once: SQS event sources want 2


class OwnEndpoint(_Strict):
    """In what the endpoint of one base model differs from the environment's."""

    count: int | None = Field(default=None, ge=1, le=8)
    instance_types: list[InstanceType] | None = Field(default=None, min_length=1, max_length=5)
    max_instances: int | None = Field(default=None, ge=1)
    adapter_cache_gb: int | None = Field(default=None, ge=1)


class MoreBaseModel(BaseModelSettings):
    """A base model beside the default: its own endpoints, and its own recipe for trainings.

    ``recipe`` is carried to the handlers as it is, which validate it.
    """

    recipe: dict[str, Any]
    endpoint: OwnEndpoint = OwnEndpoint()
    training_instance_type: InstanceType | None = None


class ServedBase(_Strict):
    """A base model with all that its endpoint and its training jobs need."""

    model: BaseModelSettings
    endpoint: EndpointSettings
    training_instance_type: str


class EnvironmentSettings(_Strict):
    """Everything that one environment decides."""

    name: str
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
    account: Annotated[str, Field(pattern=r"^\d{12}$")] | None = None
    keep_data: bool = True  # tables, buckets, users outlive their stack
    log_retention_days: LogRetentionDays = 30
    max_receive_count: int = Field(default=5, ge=1, le=1000)
    reconcile_minutes: int = Field(default=5, ge=1)
    functions: FunctionSettings = FunctionSettings()
    identity: IdentitySettings
    api: ApiSettings
    training: TrainingSettings
    endpoint: EndpointSettings
    code: CodeSettings = CodeSettings()
    alarms: AlarmSettings = AlarmSettings()
    budget: BudgetSettings | None = None
    base_model: BaseModelSettings  # the default one
    more_base_models: list[MoreBaseModel] = Field(default=[], max_length=MAX_MORE_BASE_MODELS)
    domain: dict[str, Any]  # the handlers' own settings: validated there, carried verbatim here

    @property
    def is_local(self) -> bool:
        """Whether this environment is the embedded AWS."""
        return self.name == "local"

    @property
    def domain_settings(self) -> str:
        """The JSON that the handlers read, ``infra/domain_settings.py`` puts it where."""
        document = {**self.domain, "base_model": self.base_model.model_dump(mode="json")}
        if self.more_base_models:
            infra_only = {"endpoint", "training_instance_type"}
            document["more_base_models"] = [
                base.model_dump(mode="json", exclude=infra_only) for base in self.more_base_models
            ]
        return json.dumps(document, separators=(",", ":"), sort_keys=True)

    @property
    def served_bases(self) -> list[ServedBase]:
        """The base models on offer, the default first, each with its endpoints of its own."""
        default = ServedBase(
            model=self.base_model,
            endpoint=self.endpoint,
            training_instance_type=self.training.instance_type,
        )
        return [default, *(self._served(base) for base in self.more_base_models)]

    def _served(self, base: MoreBaseModel) -> ServedBase:
        own = base.endpoint.model_dump(exclude_none=True)
        return ServedBase(
            model=base,
            endpoint=EndpointSettings(**{**self.endpoint.model_dump(), **own}),
            training_instance_type=base.training_instance_type or self.training.instance_type,
        )

    @property
    def translates_prompts(self) -> bool:
        """Whether text in another language is translated for screening, instead of refused."""
        return bool(self._prompts.get("other_languages", "translate") == "translate")

    @property
    def reads_image_text(self) -> bool:
        """Whether words in generated images are read and screened."""
        images = self.domain.get("moderation", {}).get("images", {})
        return bool(images.get("text", "allow") != "allow")

    @property
    def guardrail_id(self) -> str | None:
        """The Bedrock Guardrail that reads prompts as well, if there is one."""
        guardrail = self._prompts.get("guardrail")
        return str(guardrail["id"]) if guardrail else None

    @property
    def hosted_model(self) -> HostedModelSettings | None:
        """The hosted model, where ``domain.generation.subjectless_backend`` chooses one."""
        backend = self.domain.get("generation", {}).get("subjectless_backend", "endpoint")
        if backend == "endpoint":
            return None
        if not isinstance(backend, dict) or set(backend) != {"bedrock"}:
            raise ValueError(f"{_BACKEND}: 'endpoint' or {{'bedrock': …}}")
        try:
            return HostedModelSettings.model_validate(backend["bedrock"])
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(("bedrock", *map(str, first["loc"])))
            raise ValueError(f"{_BACKEND}.{where}: {first['msg']}") from None

    @property
    def _prompts(self) -> dict[str, Any]:
        prompts: dict[str, Any] = self.domain.get("moderation", {}).get("prompts", {})
        return prompts

    @property
    def training_hours(self) -> float:
        """The longest that one training with all its attempts may take, in hours."""
        limits = self.domain["training"]
        # Half an hour beside each attempt: waiting before it, preparing, publishing.
        attempt = max(limits["max_wait_seconds"], limits["max_runtime_seconds"]) + 1800
        return float(limits["max_attempts"] * attempt) / 3600

    @model_validator(mode="after")
    def _consistent(self) -> EnvironmentSettings:
        if self.name == "prod" and self.alarms.email is None:
            raise ValueError("alarms.email is missing: in prod somebody must be told")
        if self.name == "prod" and not self.keep_data:
            raise ValueError("keep_data must be true in prod")
        if not self.is_local:
            if not self.code.vendor_wheels:
                raise ValueError("code.vendor_wheels may be false only in the environment 'local'")
            if self.functions.platform != "aws":
                raise ValueError("functions.platform may be 'host' only in the environment 'local'")
            if "*" in self.api.cors_origins:
                raise ValueError("api.cors_origins: name the origins instead of '*'")
        _ = self.hosted_model  # says what is wrong with it
        ids = [base.model.id for base in self.served_bases]
        if len(set(ids)) != len(ids):
            raise ValueError("more_base_models: the same id stands there twice")
        self._check_images()
        self._check_moderation()
        limits = self.domain.get("training", {})
        for key in ("max_attempts", "max_runtime_seconds", "max_wait_seconds"):
            if type(limits.get(key)) is not int:
                raise ValueError(f"domain.training.{key} is missing or not a whole number")
        # CreateTrainingJob refuses a shorter wait than run time for Spot.
        if limits["max_wait_seconds"] < limits["max_runtime_seconds"]:
            raise ValueError(
                "domain.training.max_wait_seconds is shorter than max_runtime_seconds:"
                " SageMaker refuses that for Spot"
            )
        return self

    def _check_images(self) -> None:
        where = "domain.moderation.images"
        images = self.domain.get("moderation", {}).get("images", {})
        for name in ("minors", "celebrities", "text"):
            if images.get(name, "allow") not in {"allow", "review", "withhold"}:
                raise ValueError(f"{where}.{name}: 'allow', 'review' or 'withhold'")

    def _check_moderation(self) -> None:
        where = "domain.moderation.prompts"
        if self._prompts.get("other_languages", "translate") not in {"translate", "refuse"}:
            raise ValueError(f"{where}.other_languages: 'translate' or 'refuse'")
        guardrail = self._prompts.get("guardrail")
        if guardrail is not None and not re.fullmatch("[a-z0-9]+", str(guardrail.get("id"))):
            raise ValueError(f"{where}.guardrail.id: not the id of a Bedrock Guardrail")
        rules = self.domain.get("moderation", {}).get("violations", {})
        if rules.get("slow_at", 0) >= rules.get("block_at", 1):
            raise ValueError(
                "domain.moderation.violations.slow_at must be below block_at:"
                " nobody is blocked without a warning"
            )
        further = sum(base.endpoint.count - 1 for base in self.served_bases)
        names = len(self.more_base_models) * _BASE_NAME_BYTES + further * _ENDPOINT_NAME_BYTES
        room = MAX_MORE_BASE_MODELS * _BASE_NAME_BYTES
        if names > room:
            raise ValueError(
                f"endpoint.count, more_base_models: the endpoints' names take {names} bytes, of"
                f" which a function's environment holds {room}"
            )


def load(environments: object, name: object) -> EnvironmentSettings:
    """The settings of environment ``name``.

    Raises:
        SettingsError: unknown environment, unknown key, or a value that cannot work.
    """
    if not isinstance(environments, dict) or not environments:
        raise SettingsError("cdk.json has no block 'environments' in its context")
    if name not in environments:
        known = ", ".join(sorted(environments))
        raise SettingsError(f"there is no environment '{name}' in cdk.json; there are: {known}")
    if not re.fullmatch(r"[a-z][a-z0-9]{0,11}", str(name)):
        raise SettingsError(
            f"environment '{name}': a name is 1-12 lower-case letters and digits,"
            " because buckets and log groups carry it"
        )
    try:
        return EnvironmentSettings.model_validate({"name": name, **environments[name]})
    except ValidationError as error:
        problems = "; ".join(_sentence(detail) for detail in error.errors())
        raise SettingsError(f"environment '{name}' in cdk.json: {problems}") from error


def _sentence(detail: Any) -> str:
    where = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return f"unknown key '{where}'"
    if detail["type"] == "missing":
        return f"'{where}' is missing"
    message = detail["msg"].removeprefix("Value error, ")
    if detail["loc"] and "instance_type" in where and detail["type"] == "string_pattern_mismatch":
        message = "not a SageMaker instance type such as 'ml.g5.2xlarge'"
    elif where.endswith("email") and detail["type"] == "string_pattern_mismatch":
        message = "not an e-mail address"
    return f"{where}: {message}" if where else str(message)
