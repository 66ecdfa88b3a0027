"""The licence of a base model: found, shown, accepted by somebody, and kept beside the base."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bases.acceptance import acceptance_of, accepted_before, demand_acceptance
from bases.licence import (
    MAX_LICENCE_BYTES,
    Acceptance,
    Licence,
    LicenceError,
    licence_files,
    licence_in,
)
from bases.publish import publish
from bases.source import SHIPPED, SHIPPED_FOLDER
from contract.errors import InvalidDocumentError
from tests.ml.buckets import MemoryBucket

TERMS = Licence("LICENSE.md", "Do as you please.")
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
ADA = "arn:aws:iam::111122223333:user/ada"
RECORD = "base/tiny-sd/licence.json"


def answering(answer: str) -> Callable[[], str]:
    return lambda: answer


def test_a_licence_is_found_by_the_names_that_makers_give_it() -> None:
    names = ["LICENSE-MODEL.md", "model_index.json", "LICENSE.md", "licence", "COPYING", "EULA.txt"]
    others = ["unet/LICENSE", "license.pdf", "README.md", "licensing/terms.txt"]
    assert licence_files([*names, *others]) == [
        "COPYING",
        "licence",
        "EULA.txt",
        "LICENSE.md",
        "LICENSE-MODEL.md",
    ]


def test_a_base_without_the_text_of_a_licence_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LicenceError, match="--licence-file"):
        licence_in(tmp_path)
    (tmp_path / "LICENSE.md").write_text(TERMS.text)
    assert licence_in(tmp_path) == TERMS


@pytest.mark.parametrize("content", [b"", b"  \n", b"\xff\xfe", b"x" * (MAX_LICENCE_BYTES + 1)])
def test_what_is_no_text_is_no_licence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_bytes(content)
    with pytest.raises(LicenceError, match="LICENSE is"):
        licence_in(tmp_path)


def test_the_models_that_ship_have_one() -> None:
    assert "made by this project" in licence_in(SHIPPED_FOLDER).text


def test_the_text_is_shown_and_a_person_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    demand_acceptance(TERMS, None, answering("Accept \n"))
    assert TERMS.text in capsys.readouterr().err
    for answer in ("", "no", "yes, accept"):
        with pytest.raises(LicenceError, match="was not accepted"):
            demand_acceptance(TERMS, None, answering(answer))


def test_a_script_accepts_by_the_hash_of_the_text_that_somebody_read() -> None:
    for given in (TERMS.sha256, TERMS.sha256[:12].upper()):
        demand_acceptance(TERMS, given, None)
    for given in ("", TERMS.sha256[:11], "0" * 64, "yes"):
        with pytest.raises(LicenceError, match="another text than the one accepted"):
            demand_acceptance(TERMS, given, None)


def test_without_a_person_or_a_hash_the_refusal_says_which_hash(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(LicenceError, match=f"--accept-licence {TERMS.sha256[:12]}"):
        demand_acceptance(TERMS, None, None)
    assert TERMS.text in capsys.readouterr().err


def test_who_accepted_which_text_and_when_is_kept_beside_the_base() -> None:
    bucket = MemoryBucket()
    accepted = Acceptance(TERMS, ADA, NOW)
    publish(SHIPPED["tiny-sd"], "tiny-sd", bucket, accepted=accepted)
    assert bucket.uploads[-2:] == [RECORD, "base/tiny-sd/base.json"]
    assert Acceptance.from_json(bucket.objects[RECORD]) == accepted
    assert accepted_before(bucket, "tiny-sd", TERMS) == accepted
    assert accepted_before(bucket, "other", TERMS) is None


def test_a_text_that_was_accepted_is_not_asked_about_again_but_another_wording_is() -> None:
    bucket = MemoryBucket()
    bucket.objects[RECORD] = Acceptance(TERMS, ADA, NOW).to_json().encode()
    again = acceptance_of(TERMS, "tiny-sd", bucket, None, answering("somebody else"))
    assert (again.accepted_by, again.accepted_at) == (ADA, NOW)
    changed = Licence(TERMS.name, "Do nothing.")
    with pytest.raises(LicenceError):
        acceptance_of(changed, "tiny-sd", bucket, TERMS.sha256, answering("somebody else"))
    new = acceptance_of(changed, "tiny-sd", bucket, changed.sha256, answering("somebody else"))
    assert (new.accepted_by, new.licence) == ("somebody else", changed)


def test_a_record_whose_text_was_changed_is_refused() -> None:
    document = json.loads(Acceptance(TERMS, ADA, NOW).to_json())
    document["text"] += " Or not."
    with pytest.raises(InvalidDocumentError, match="sha256"):
        Acceptance.from_json(json.dumps(document))
