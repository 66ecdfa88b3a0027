"""Which base model a request means.

    a training       the one it names, else the default
    a generation     with a subject: the one that the subject was learned on
                     without one: the one it names, else the default

An adapter fits the weights it was trained on and no others: its manifest names their hash, which
the endpoint compares before it swaps anything in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambdas.domain.errors import Conflict, FieldError, Invalid

if TYPE_CHECKING:
    from lambdas.domain.settings import BaseModelSettings, DomainSettings
    from lambdas.domain.training import Training


def named_base(settings: DomainSettings, name: str | None, field: str) -> BaseModelSettings:
    """The base model that `field` of a body names; raises Invalid for one that is not on offer."""
    base = settings.find_base(name)
    if base is None:
        offer = ", ".join(each.id for each in settings.base_models)
        raise Invalid([FieldError(f"/{field}", f"must be one of: {offer}", "unknown_model")])
    return base


def base_of_generation(
    settings: DomainSettings, name: str | None, learned: Training | None
) -> BaseModelSettings:
    """The base model that draws; `learned` is the training whose adapter is used.

    Raises Invalid `unknown_model`, or `wrong_model` for another one than the subject's, and
    Conflict `model_withdrawn` where the subject's is no longer on offer.
    """
    named = named_base(settings, name, "model")
    if learned is None:
        return named
    base = settings.find_base(learned.base_model)
    if base is None:
        raise Conflict(
            "The base model that this subject was learned on is no longer offered. Train it again.",
            code="model_withdrawn",
        )
    if name is not None and named != base:
        detail = f"the subject was learned on {base.id}: leave this out, or train it on {named.id}"
        raise Invalid([FieldError("/model", detail, "wrong_model")])
    return base
