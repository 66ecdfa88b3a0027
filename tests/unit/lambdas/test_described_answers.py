"""Whatever is asked for, in process: the answer is one that the description has, and never a 5xx.

`make fuzz` does the same with Schemathesis against a running stack.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.lambdas.deployed import Deployed
from tests.unit.lambdas.requests_by_schema import requests


@settings(max_examples=50)
@given(data=st.data())
def test_every_answer_is_one_that_the_description_has(data: Any) -> None:
    target = Deployed()
    for path, sent in data.draw(st.lists(requests(target.ids), min_size=1, max_size=3)):
        target.send(path, sent)
