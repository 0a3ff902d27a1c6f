"""Lists of households: every bad row is reported with number, column and reason, no good one is lost, nothing is taken twice."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from typing import Any

import pytest

from claims.register import importing
from tests.integration.claims_register.office import Office, csv_of, refused_by_row
from tests.support.household_lists import ID, KINDS, household, write_csv, write_xlsx

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
async def test_good_list_is_taken_whole_and_once(office: Office, encoding: str) -> None:
    content = csv_of([row for order in range(5) for row in household(order)], encoding=encoding)
    first = await office.imported(content)
    assert (first["status"], first["new_households"], first["accepted_rows"], first["refused_rows"]) == (
        "done",
        5,
        11,
        0,
    )
    again = await office.imported(content)
    assert (again["new_households"], again["known_households"], again["refused_rows"]) == (0, 5, 0)
    assert sorted(await office.numbers()) == [f"NS-{order:06d}" for order in range(5)]


async def test_bad_rows_of_every_kind_are_reported_and_no_good_household_is_lost(
    office: Office, tmp_path: Path
) -> None:
    listed = write_csv(tmp_path / "list.csv", 12 * len(KINDS) + 1, broken_every=12)
    assert listed.kinds == set(KINDS)
    content = (tmp_path / "list.csv").read_bytes()
    preview = await office.imported(content, mode="good", preview="true")
    assert refused_by_row(preview["refused"]) == listed.refused
    assert await office.numbers() == []
    refused = await office.import_file(content, mode="all")
    assert refused.status_code == 422
    assert (refused.json()["code"], refused.json()["bad_rows"]) == ("bad_rows", len(listed.refused))
    assert await office.numbers() == []
    taken = await office.imported(content, mode="good")
    assert refused_by_row(taken["refused"]) == listed.refused
    assert taken["accepted_rows"] + taken["refused_rows"] == listed.rows
    assert set(await office.numbers()) == listed.good


async def test_corrected_rows_are_imported_again_without_doubles(office: Office) -> None:
    rows = [row for order in range(4) for row in household(order)]
    right = rows[2][ID]
    rows[2][ID] = right[:17] + ("0" if right[17] != "0" else "1")
    first = await office.imported(csv_of(rows), mode="good")
    assert (first["new_households"], first["refused_rows"]) == (3, 3)
    file = await office.get(f"/import-jobs/{first['id']}/refused-rows/file", format="csv")
    assert file.status_code == 200
    corrected = file.content.decode("utf-8-sig").replace(rows[2][ID], right).encode()
    second = await office.imported(corrected, mode="all")
    assert (second["new_households"], second["known_households"], second["refused_rows"]) == (1, 0, 0)
    rows[2][ID] = right
    whole = await office.imported(csv_of(rows))
    assert (whole["new_households"], whole["known_households"]) == (0, 4)
    assert len(await office.numbers()) == 4


async def test_spreadsheet_is_read_as_the_same_list(office: Office, tmp_path: Path) -> None:
    listed = write_xlsx(tmp_path / "list.xlsx", 2 * len(KINDS) + 1, broken_every=2)
    taken = await office.imported((tmp_path / "list.xlsx").read_bytes(), mode="good")
    assert refused_by_row(taken["refused"]) == listed.refused
    assert set(await office.numbers()) == listed.good


async def test_two_overlapping_lists_at_once_register_each_household_once(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_compared, settle = asyncio.Barrier(2), importing.settle
    compared = itertools.count()

    async def together(*arguments: Any) -> Any:
        settled = await settle(*arguments)
        if next(compared) < both_compared.parties:
            await both_compared.wait()
        return settled

    monkeypatch.setattr(importing, "settle", together)
    lists = [csv_of([row for order in orders for row in household(order)]) for orders in (range(3), range(1, 4))]
    answers = await asyncio.gather(*(office.import_file(content, mode="all") for content in lists))
    assert [answer.status_code for answer in answers] == [201, 201]
    counts = sorted((answer.json()["new_households"], answer.json()["known_households"]) for answer in answers)
    assert counts == [(1, 2), (3, 0)]
    assert sorted(await office.numbers()) == [f"NS-{order:06d}" for order in range(4)]
