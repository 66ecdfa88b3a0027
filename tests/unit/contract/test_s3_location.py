import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import InvalidDocumentError
from contract.s3_location import S3Location
from tests.unit.contract.documents import locations

PREFIX = S3Location.parse("s3://models/adapters/")


@given(locations)
def test_an_address_reads_back_as_the_same(location: S3Location) -> None:
    assert S3Location.parse(str(location)) == location


@given(st.text())
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        location = S3Location.parse(text)
    except InvalidDocumentError:
        return
    assert str(location) == text


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "models/adapters/",
        "http://models/adapters/",
        "S3://models/adapters/",
        "s3://models",
        "s3:///adapters/",
        "s3://models//adapters/",
        "s3://models/adapters/../base/",
        "s3://models/./adapters/",
        "s3://models/a b",
        "s3://models/a%2Fb",
        "s3://models/a\n",
        "s3://models/" + "a" * 1024,
    ],
)
def test_what_is_no_plain_address_is_refused(uri: str) -> None:
    with pytest.raises(InvalidDocumentError):
        S3Location.parse(uri)


@pytest.mark.parametrize("uri", ["s3://models/adapters/usr/sub/trn/", "s3://models/adapters/x"])
def test_what_lies_below_a_prefix_is_inside(uri: str) -> None:
    assert S3Location.parse(uri).is_inside(PREFIX)
    assert S3Location.parse(uri).is_inside(S3Location("models", "adapters"))
    assert S3Location.parse(uri).is_inside(S3Location("models", ""))


@pytest.mark.parametrize(
    "uri",
    [
        "s3://models/adapters/",
        "s3://models/adapters",
        "s3://models/adapters2/x",
        "s3://other/adapters/x",
    ],
)
def test_what_lies_elsewhere_is_not_inside(uri: str) -> None:
    assert not S3Location.parse(uri).is_inside(PREFIX)


def test_a_child_of_a_prefix_has_one_slash_between() -> None:
    assert str(PREFIX.child("manifest.json")) == "s3://models/adapters/manifest.json"
    assert str(S3Location("models", "adapters").child("a")) == "s3://models/adapters/a"
    assert str(S3Location("models", "").child("a")) == "s3://models/a"
    with pytest.raises(InvalidDocumentError):
        PREFIX.child("..")
