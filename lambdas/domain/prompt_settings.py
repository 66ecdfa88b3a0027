"""What an environment lets clients write: `domain.moderation.prompts` in `cdk.json`.

    {"toxicity": {"default": 0.5, "SEXUAL": 0.4},         scores (0–1) from which a label refuses
     "blocked_terms": {"IMPERSONATION": ["jane roe"]},    the organisation's own lists, by category
     "banned_by_kind": {"person": ["SEXUAL", "MINORS"]},  what no subject of a kind may be shown as
     "personal_data": {"refused": ["EMAIL"], "min_score": 0.5},
     "other_languages": "translate",                      or "refuse"
     "language_confidence": 0.7,                          from which a detected language is believed
     "guardrail": {"id": "abc123def456", "version": "1"}}      absent: no Bedrock Guardrail

Everything has a default. A term is one or more words; one that ends with `*` also stands for longer
words. Case, accents and disguises do not matter.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator

from lambdas.domain.readings import plain_words
from lambdas.domain.settings_block import SettingsBlock
from lambdas.domain.subject import SubjectKind

Score = Annotated[float, Field(ge=0, le=1)]
# A category is told to callers: it names a kind of thing, and never a term.
Category = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z_]{1,39}$")]
Term = Annotated[str, StringConstraints(min_length=2, max_length=80)]


class Ban(StrEnum):
    """What pictures of a kind of subject may be kept from showing."""

    SEXUAL = "SEXUAL"
    MINORS = "MINORS"


class ToxicityThresholds(SettingsBlock):
    """Comprehend developer guide, "Toxicity detection": its seven labels.

    A label without a threshold of its own, also one that AWS adds one day, has the default.
    """

    default: Score = 0.5
    GRAPHIC: Score | None = None
    HARASSMENT_OR_ABUSE: Score | None = None
    HATE_SPEECH: Score | None = None
    INSULT: Score | None = None
    PROFANITY: Score | None = None
    SEXUAL: Score | None = None
    VIOLENCE_OR_THREAT: Score | None = None

    def of(self, label: str) -> float:
        """From which score the label refuses."""
        own: float | None = getattr(self, label, None) if label.isupper() else None
        return self.default if own is None else own


class PersonalDataKind(StrEnum):
    """The types of DetectPiiEntities that may be refused (Comprehend API, `PiiEntityType`)."""

    ADDRESS = "ADDRESS"
    AGE = "AGE"
    AWS_ACCESS_KEY = "AWS_ACCESS_KEY"
    AWS_SECRET_KEY = "AWS_SECRET_KEY"  # noqa: S105 - a type's name
    BANK_ACCOUNT_NUMBER = "BANK_ACCOUNT_NUMBER"
    BANK_ROUTING = "BANK_ROUTING"
    CA_HEALTH_NUMBER = "CA_HEALTH_NUMBER"
    CA_SOCIAL_INSURANCE_NUMBER = "CA_SOCIAL_INSURANCE_NUMBER"
    CREDIT_DEBIT_CVV = "CREDIT_DEBIT_CVV"
    CREDIT_DEBIT_EXPIRY = "CREDIT_DEBIT_EXPIRY"
    CREDIT_DEBIT_NUMBER = "CREDIT_DEBIT_NUMBER"
    DATE_TIME = "DATE_TIME"
    DRIVER_ID = "DRIVER_ID"
    EMAIL = "EMAIL"
    INTERNATIONAL_BANK_ACCOUNT_NUMBER = "INTERNATIONAL_BANK_ACCOUNT_NUMBER"
    IN_AADHAAR = "IN_AADHAAR"
    IN_NREGA = "IN_NREGA"
    IN_PERMANENT_ACCOUNT_NUMBER = "IN_PERMANENT_ACCOUNT_NUMBER"
    IN_VOTER_NUMBER = "IN_VOTER_NUMBER"
    IP_ADDRESS = "IP_ADDRESS"
    LICENSE_PLATE = "LICENSE_PLATE"
    MAC_ADDRESS = "MAC_ADDRESS"
    NAME = "NAME"
    PASSPORT_NUMBER = "PASSPORT_NUMBER"
    PASSWORD = "PASSWORD"  # noqa: S105 - a type's name
    PHONE = "PHONE"
    PIN = "PIN"
    SSN = "SSN"
    SWIFT_CODE = "SWIFT_CODE"
    UK_NATIONAL_HEALTH_SERVICE_NUMBER = "UK_NATIONAL_HEALTH_SERVICE_NUMBER"
    UK_NATIONAL_INSURANCE_NUMBER = "UK_NATIONAL_INSURANCE_NUMBER"
    UK_UNIQUE_TAXPAYER_REFERENCE_NUMBER = "UK_UNIQUE_TAXPAYER_REFERENCE_NUMBER"
    URL = "URL"
    USERNAME = "USERNAME"
    US_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER = "US_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER"
    VEHICLE_IDENTIFICATION_NUMBER = "VEHICLE_IDENTIFICATION_NUMBER"


# In a prompt for a picture these are ordinary words: "Ada", "forty years old", "in 1920", "Paris".
_ORDINARY = frozenset(
    {
        PersonalDataKind.ADDRESS,
        PersonalDataKind.AGE,
        PersonalDataKind.DATE_TIME,
        PersonalDataKind.NAME,
        PersonalDataKind.URL,
        PersonalDataKind.USERNAME,
    }
)


class PersonalDataSettings(SettingsBlock):
    """Which types refuse a text, from which score (0–1); by default all but ordinary words."""

    refused: frozenset[PersonalDataKind] = frozenset(PersonalDataKind) - _ORDINARY
    min_score: Score = 0.5


class GuardrailSettings(SettingsBlock):
    """A Bedrock Guardrail of this account: bedrock-runtime `ApplyGuardrail`."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+$")]
    version: Annotated[str, StringConstraints(pattern=r"^([1-9][0-9]{0,7}|DRAFT)$")]


class PromptSettings(SettingsBlock):
    """See the module."""

    toxicity: ToxicityThresholds = ToxicityThresholds()
    blocked_terms: dict[Category, tuple[Term, ...]] = Field(default_factory=dict)
    banned_by_kind: dict[SubjectKind, frozenset[Ban]] = Field(
        default_factory=lambda: {SubjectKind.PERSON: frozenset({Ban.SEXUAL, Ban.MINORS})}
    )
    personal_data: PersonalDataSettings = PersonalDataSettings()
    other_languages: Literal["refuse", "translate"] = "translate"
    language_confidence: Score = 0.7
    guardrail: GuardrailSettings | None = None

    @field_validator("blocked_terms")
    @classmethod
    def _of_words(cls, lists: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for category, terms in lists.items():
            for position, term in enumerate(terms):
                if len(plain_words(term)) < 2:
                    raise ValueError(f"{category}, term {position + 1}: holds no word")
        return lists

    def bans_for(self, kind: SubjectKind | None) -> frozenset[Ban]:
        """What a picture of such a subject may not show; without a subject, nothing more."""
        return self.banned_by_kind.get(kind, frozenset()) if kind else frozenset()
