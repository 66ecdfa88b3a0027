import dataclasses
import json
import math
from datetime import UTC, datetime
from typing import Any, Protocol, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.adapter import AdapterManifest
from contract.base_model import BaseModel
from contract.document import Fields, parse_object, write_object
from contract.errors import InvalidDocumentError, UnknownFormatError
from contract.few_step import FewStepTier
from contract.generation import GenerationRequest
from contract.generation_result import GenerationError, GenerationProgress, GenerationResponse
from contract.training_job import Progress
from tests.unit.contract import documents as some


class Document(Protocol):
    @classmethod
    def from_json(cls, text: str | bytes) -> Self: ...

    def to_json(self) -> str: ...


anything: st.SearchStrategy[Document] = st.one_of(
    some.base_models,
    some.few_step_tiers,
    some.manifests,
    some.progresses,
    some.requests,
    some.responses,
    st.builds(GenerationProgress, updated_at=some.moments),
    st.just(GenerationError("unknown_adapter", "The adapter is not there.")),
)
KINDS: list[type[Document]] = [
    AdapterManifest,
    BaseModel,
    FewStepTier,
    GenerationError,
    GenerationProgress,
    GenerationRequest,
    GenerationResponse,
    Progress,
]


@given(anything)
def test_what_is_written_reads_back_as_the_same(document: Document) -> None:
    assert type(document).from_json(document.to_json()) == document


@given(anything, st.data())
def test_a_document_with_any_one_field_replaced_is_refused_or_still_valid(
    document: Document, data: st.DataObject
) -> None:
    values = json.loads(document.to_json())
    values[data.draw(st.sampled_from(sorted(values)))] = data.draw(some.json_values)
    try:
        read = type(document).from_json(json.dumps(values))
    except InvalidDocumentError:
        return
    assert type(read).from_json(read.to_json()) == read


@given(anything, st.data())
def test_a_missing_field_is_refused_by_name(document: Document, data: st.DataObject) -> None:
    values = json.loads(document.to_json())
    name = data.draw(st.sampled_from(sorted(values)))
    del values[name]
    with pytest.raises(InvalidDocumentError, match=f"'{name}' is missing"):
        type(document).from_json(json.dumps(values))


@given(anything)
def test_an_unknown_field_is_refused_without_repeating_it(document: Document) -> None:
    text = some.changed(document.to_json(), lambda d: d.update({"secret name": 1}))
    with pytest.raises(InvalidDocumentError, match="1 unknown field") as caught:
        type(document).from_json(text)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", "[" * 100_000, '{"a":1,"a":2}', '{"format":NaN}'],
    ids=["empty", "half", "list", "null", "not utf-8", "deep", "repeated key", "NaN"],
)
def test_what_is_no_json_object_is_refused(kind: type[Document], text: str | bytes) -> None:
    with pytest.raises(InvalidDocumentError):
        kind.from_json(text)


@given(some.base_models, st.integers().filter(lambda version: version != 1))
def test_another_format_version_is_told_apart(base: BaseModel, version: int) -> None:
    with pytest.raises(UnknownFormatError):
        BaseModel.from_json(some.changed(base.to_json(), lambda d: d.update(format=version)))


@pytest.mark.parametrize("version", [True, 1.0, "1", None])
def test_a_format_that_is_no_whole_number_is_refused(version: object) -> None:
    with pytest.raises(InvalidDocumentError, match="whole number"):
        Fields({"format": version}, "it").format()


def test_a_document_over_the_limit_is_refused_before_parsing() -> None:
    with pytest.raises(InvalidDocumentError, match="larger than 9 bytes"):
        parse_object("0123456789", "it", maximum_bytes=9)


@pytest.mark.parametrize("value", [math.nan, math.inf, "1", True, None, 11, -1, 10**400])
def test_a_number_must_be_one_and_within_bounds(value: object) -> None:
    with pytest.raises(InvalidDocumentError, match="'n' must be"):
        Fields({"n": value}, "it").number("n", 0, 10)


@pytest.mark.parametrize("value", [True, 1.0, "1", None, 0, 11])
def test_a_whole_number_must_be_one_and_within_bounds(value: object) -> None:
    with pytest.raises(InvalidDocumentError, match="'n' must be"):
        Fields({"n": value}, "it").integer("n", 1, 10)


@pytest.mark.parametrize("value", [1, None, "", "x" * 257, "\ud800", "a\0b", "UPPER"])
def test_text_must_be_text_of_the_right_form(value: object) -> None:
    with pytest.raises(InvalidDocumentError, match="'t'"):
        Fields({"t": value}, "it").text("t", pattern=r"[^A-Z]*")


@pytest.mark.parametrize("value", ["soon", "2026-01-01T00:00:00", "0001-01-01T00:00:00+14:00", 5])
def test_a_time_must_be_iso_8601_with_an_offset(value: object) -> None:
    with pytest.raises(InvalidDocumentError, match="'at'"):
        Fields({"at": value}, "it").moment("at")


def test_a_time_with_another_offset_is_read_as_utc() -> None:
    moment = Fields({"at": "2026-01-01T02:00:00+02:00"}, "it").moment("at")
    assert moment == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        3,
        {"a": {}},
        {"a": [1]},
        {"a": 1e999},
        {"a": "x" * 2501},
        {str(n): n for n in range(101)},
    ],
    ids=["number", "object", "list", "infinite", "long", "many"],
)
def test_an_open_object_must_be_flat_finite_and_small(value: object) -> None:
    with pytest.raises(InvalidDocumentError, match="'o'"):
        Fields({"o": value}, "it").scalars("o")


@pytest.mark.parametrize("value", [None, {}, [1, 2, 3], []])
def test_a_list_must_be_one_of_the_right_length(value: object) -> None:
    with pytest.raises(InvalidDocumentError, match="'l'"):
        Fields({"l": value}, "it").items("l", 1, 2)


def test_numbers_that_are_not_finite_are_never_written() -> None:
    with pytest.raises(InvalidDocumentError, match="not finite"):
        write_object({"loss": math.nan})


@pytest.mark.parametrize(
    ("document", "change"),
    [
        (some.progresses, {"step": -1}),
        (some.progresses, {"loss": math.nan}),
        (some.manifests, {"rank": 0}),
        (some.requests, {"seeds": ()}),
        (some.responses, {"artifacts": ()}),
        (some.base_models, {"hash": "abc"}),
    ],
)
def test_a_writer_refuses_what_its_reader_would(
    document: st.SearchStrategy[Any], change: dict[str, Any]
) -> None:
    @given(document)
    def check(one: Any) -> None:
        with pytest.raises(InvalidDocumentError):
            dataclasses.replace(one, **change).to_json()

    check()
