from __future__ import annotations

from typing import Any, cast

from demo.scan import LOGS, Found, Scan, naming, table

ID = "sub_01M7YZMHG0"


def look(*entries: tuple[str, list[bytes]]) -> Found:
    return Scan(cast("Any", None), frozenset({ID}))._look(entries)


def test_an_id_is_found_in_names_in_contents_and_across_two_chunks() -> None:
    whole = ID.encode()
    found = look(
        (f"photos/{ID}/a", []),
        ("inside", [b"\x00" + whole + b"\x00"]),
        ("torn", [b"x" * 100 + whole[:5], whole[5:] + b"y"]),
        ("clean", [b"nothing", whole[:-1], b"!"]),
    )
    assert found.looked_at == 4
    assert found.naming == [f"photos/{ID}/a", "inside", "torn"]


def test_logs_are_told_of_and_are_no_trace_of_a_store() -> None:
    found = {"bucket a": Found(3, ["x"]), "table b": Found(2), LOGS: Found(9, ["line"])}
    assert naming(found) == {"bucket a": ["x"]}
    lines = table(found).splitlines()
    assert [line.split()[:1] for line in lines] == [["bucket"], ["x"], ["table"], ["logs"]]
