from __future__ import annotations

from typing import Any

import pytest

from lambdas.lambda_handler import Handler, lambda_handler

NAME = "AWS_LAMBDA_FUNCTION_NAME"


class Factory:
    """Counts how often a handler was built."""

    built = 0

    def __call__(self) -> Handler:
        self.built += 1
        return lambda event, _: event


def test_outside_lambda_a_handler_is_built_by_its_first_call_and_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(NAME, raising=False)
    build = Factory()
    handler = lambda_handler(build)
    assert build.built == 0
    assert [handler({"a": 1}, None), handler({"a": 2}, None)] == [{"a": 1}, {"a": 2}]
    assert build.built == 1


def test_in_lambda_it_is_built_at_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "function")
    build = Factory()
    lambda_handler(build)
    assert build.built == 1


def test_a_misconfigured_function_fails_at_its_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "function")

    def broken() -> Any:
        raise RuntimeError("the environment variable TABLE_NAME is missing")

    with pytest.raises(RuntimeError, match="TABLE_NAME"):
        lambda_handler(broken)
