"""What every implementation of `Table` and `ObjectStore` must do: the fakes here, AWS's in e2e.

Subclass with fixtures `table` and `store` that give fresh, empty ones.
"""

from __future__ import annotations

from typing import Any

import pytest

from lambdas.ports import ObjectMissing, ObjectStore, ObjectTooLarge, Table
from lambdas.table import (
    NEW,
    Absent,
    AtLeast,
    AtMost,
    Before,
    Check,
    ConditionFailed,
    Delete,
    Index,
    InvalidPosition,
    Is,
    Key,
    Present,
    Put,
    Update,
)

KEY = Key("OWNER#a", "THING#1")


def _item(number: int, **more: Any) -> dict[str, Any]:
    return {"pk": "OWNER#a", "sk": f"THING#{number}", "number": number, **more}


class TableContract:
    """Conditional writes, transactions, ordered queries."""

    def test_an_item_comes_back_as_it_was_put(self, table: Table) -> None:
        item = _item(
            1,
            text="ä ☂",
            share=0.1,
            small=1e-7,
            yes=True,
            nothing=None,
            list=[1, 2.5, {"deep": "x"}],
            map={"a": {"b": []}},
        )
        table.write(Put(item))
        assert table.get(KEY) == item
        assert table.get(Key("OWNER#a", "THING#2")) is None

    def test_numbers_keep_their_kind(self, table: Table) -> None:
        table.write(Put(_item(1, whole=3, broken=3.25)))
        item = table.get(KEY)
        assert item is not None
        assert isinstance(item["whole"], int)
        assert isinstance(item["broken"], float)

    def test_new_items_do_not_replace_old_ones(self, table: Table) -> None:
        table.write(Put(_item(1), when=NEW))
        with pytest.raises(ConditionFailed):
            table.write(Put(_item(1, changed=True), when=NEW))

    def test_an_update_sets_adds_and_removes(self, table: Table) -> None:
        table.write(Put(_item(1, old="x", state="a")))
        table.write(
            Update(
                KEY, set={"state": "b", "name": "n"}, add={"number": 2, "fresh": 1}, remove=("old",)
            )
        )
        assert table.get(KEY) == _item(3, sk="THING#1", state="b", name="n", fresh=1)

    def test_an_update_needs_an_item_unless_told_otherwise(self, table: Table) -> None:
        with pytest.raises(ConditionFailed):
            table.write(Update(KEY, set={"a": 1}))
        table.write(Update(KEY, set={"a": 1}, when=()))
        assert table.get(KEY) == {"pk": KEY.pk, "sk": KEY.sk, "a": 1}

    @pytest.mark.parametrize(
        ("condition", "holds"),
        [
            (Is("state", "a"), True),
            (Is("state", "b", "a"), True),
            (Is("state", "b"), False),
            (Is("missing", "a"), False),
            (Absent("missing"), True),
            (Absent("state"), False),
            (Present("state"), True),
            (Present("missing"), False),
            (AtMost("number", 1), True),
            (AtMost("number", 0), False),
            (AtMost("missing", 0), True),
            (AtMost("missing", -1), False),
            (AtLeast("number", 1), True),
            (AtLeast("number", 2), False),
            (AtLeast("missing", 0), False),
            (Before("state", "b"), True),
            (Before("state", "a"), False),
            (Before("missing", "z"), False),
        ],
    )
    def test_conditions_mean_the_same_everywhere(
        self, table: Table, condition: Any, holds: bool
    ) -> None:
        table.write(Put(_item(1, state="a")))
        change = Update(KEY, set={"seen": True}, when=(condition,))
        if holds:
            table.write(change)
        else:
            with pytest.raises(ConditionFailed):
                table.write(change)

    def test_a_transaction_is_all_or_nothing_and_says_what_failed(self, table: Table) -> None:
        table.write(Put(_item(1, state="a")))
        with pytest.raises(ConditionFailed) as caught:
            table.write(
                Put(_item(2), when=NEW),
                Update(KEY, set={"state": "b"}, when=(Is("state", "z"),)),
                Check(Key("OWNER#a", "THING#9"), when=(Present("pk"),)),
            )
        assert caught.value.failed == (1, 2)
        assert table.get(Key("OWNER#a", "THING#2")) is None

    def test_a_transaction_writes_everything(self, table: Table) -> None:
        table.write(Put(_item(1)), Put(_item(2)))
        table.write(
            Delete(KEY),
            Update(Key("OWNER#a", "THING#2"), add={"number": 5}),
            Check(Key("OWNER#a", "ACCOUNT"), when=(Absent("erasing_since"),)),
        )
        assert table.get(KEY) is None
        assert table.get(Key("OWNER#a", "THING#2")) == _item(7, sk="THING#2")

    def test_deleting_what_is_not_there_is_no_error(self, table: Table) -> None:
        table.write(Delete(KEY))

    def test_a_query_is_ordered_narrowed_and_paged(self, table: Table) -> None:
        table.write(*(Put(_item(n)) for n in range(1, 6)), Put({"pk": "OWNER#a", "sk": "ZED"}))
        table.write(Put({"pk": "OWNER#b", "sk": "THING#1"}))
        first = table.query("OWNER#a", prefix="THING#", limit=2)
        assert [item["number"] for item in first.items] == [1, 2]
        second = table.query("OWNER#a", prefix="THING#", limit=2, after=first.next)
        assert [item["number"] for item in second.items] == [3, 4]
        last = table.query("OWNER#a", prefix="THING#", limit=2, after=second.next)
        assert [item["number"] for item in last.items] == [5]
        assert last.next is None
        newest = table.query("OWNER#a", prefix="THING#", limit=3, newest_first=True)
        assert [item["number"] for item in newest.items] == [5, 4, 3]
        rest = table.query(
            "OWNER#a", prefix="THING#", limit=3, newest_first=True, after=newest.next
        )
        assert [item["number"] for item in rest.items] == [2, 1]

    def test_an_index_has_only_items_with_its_keys(self, table: Table) -> None:
        table.write(
            Put(_item(1, gsi2pk="PHOTO#checking", gsi2sk="2026-01-02")),
            Put(_item(2, gsi2pk="PHOTO#checking", gsi2sk="2026-01-01")),
            Put(_item(3, gsi2pk="PHOTO#accepted", gsi2sk="2026-01-01")),
            Put(_item(4)),
        )
        page = table.query("PHOTO#checking", index=Index.BY_STATE, limit=1)
        assert [item["number"] for item in page.items] == [2]
        rest = table.query("PHOTO#checking", index=Index.BY_STATE, after=page.next)
        assert [item["number"] for item in rest.items] == [1]
        due = table.query("PHOTO#checking", index=Index.BY_STATE, up_to="2026-01-01")
        assert [item["number"] for item in due.items] == [2]

    def test_a_position_that_no_page_ended_at_is_refused(self, table: Table) -> None:
        with pytest.raises(InvalidPosition):
            table.query("OWNER#a", after={"sk": "THING#1"})


class ObjectStoreContract:
    """Objects by key, with prefixes."""

    def test_an_object_comes_back_as_it_was_written(self, store: ObjectStore) -> None:
        store.write("a/b.jpg", b"one", content_type="image/jpeg")
        store.write("a/b.jpg", b"two", content_type="image/jpeg")
        assert store.read("a/b.jpg", max_bytes=3) == b"two"
        assert store.exists("a/b.jpg")

    def test_more_bytes_than_wanted_are_not_read(self, store: ObjectStore) -> None:
        store.write("a", b"1234", content_type="text/plain")
        with pytest.raises(ObjectTooLarge):
            store.read("a", max_bytes=3)

    def test_what_is_not_there_is_missing(self, store: ObjectStore) -> None:
        assert not store.exists("nothing")
        with pytest.raises(ObjectMissing):
            store.read("nothing", max_bytes=1)
        with pytest.raises(ObjectMissing):
            store.copy("nothing", store, "copy")

    def test_a_copy_is_the_same(self, store: ObjectStore) -> None:
        store.write("a", b"1234", content_type="text/plain")
        store.copy("a", store, "b/c")
        assert store.read("b/c", max_bytes=10) == b"1234"

    def test_a_prefix_lists_and_erases_only_what_is_below_it(self, store: ObjectStore) -> None:
        for key in ("x/1", "x/2", "xy/1"):
            store.write(key, b"1", content_type="text/plain")
        assert [(o.key, o.size_bytes) for o in store.objects("x/")] == [("x/1", 1), ("x/2", 1)]
        assert store.count("x/") == 2
        assert store.erase("x/") == 2
        assert store.count("x/") == 0
        assert store.erase("x/") == 0
        assert [o.key for o in store.objects("")] == ["xy/1"]

    def test_deleting_is_repeatable(self, store: ObjectStore) -> None:
        store.write("a", b"1", content_type="text/plain")
        store.delete(["a", "never"])
        store.delete([])
        store.delete(["a"])
        assert not store.exists("a")
