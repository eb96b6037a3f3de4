"""Card numbers are found wherever they hide; what only looks like one is left alone."""

import json
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodega.kernel.ids import new_id
from bodega.ops.pan import card_numbers, luhn, scan_lake, scan_logs

VISA = "4242424242424242"


@pytest.mark.parametrize(
    "number",
    [VISA, "4000000000000259", "5555555555554444", "2223003122003222", "378282246310005",
     "6011111111111117", "30569309025904", "3566002020360505", "6200000000000005",
     "4222222222222", "4242 4242 4242 4242", "4242-4242-4242-4242", "3782 822463 10005"],
)  # fmt: skip
@pytest.mark.parametrize("around", ["{}", '{{"card":"{}"}}', "paid with {}.", "n={},x", "\t{}\n"])
def test_a_card_number_is_found_and_never_repeated(number: str, around: str) -> None:
    [masked] = card_numbers(around.format(number))
    digits = number.replace(" ", "").replace("-", "")
    assert masked[:6] + masked[-4:] == digits[:6] + digits[-4:]
    assert digits not in masked


@pytest.mark.parametrize(
    "text",
    ["4242424242424241", "9242424242424242", "1760000000123456", "pi_4242424242424242",
     "42424242424242424242", "0.4242424242424242", "4242424242424242.5", "42424242-4242-4242",
     "evt4242424242424242", "+4242424242424242", "4242424242424242-7"],
)  # fmt: skip
def test_other_numbers_are_left_alone(text: str) -> None:
    assert list(card_numbers(text)) == []


@given(st.integers(10**14, 10**15 - 1))
def test_one_last_digit_in_ten_passes_luhn(start: int) -> None:
    assert sum(luhn(f"{start}{last}") for last in range(10)) == 1


def test_our_ids_never_look_like_cards() -> None:
    text = "\n".join(json.dumps({"id": str(new_id()), "hex": new_id().hex}) for _ in range(2000))
    assert list(card_numbers(text)) == []


def test_logs_are_searched_line_by_line(tmp_path: Path) -> None:
    (tmp_path / "api.log").write_text(f'{{"event":"ok"}}\n{{"event":"paid","card":"{VISA}"}}\n')
    [found] = scan_logs(tmp_path)
    assert found.place.endswith("api.log:2")
    assert found.masked == "424242******4242"


@pytest.mark.parametrize("value", [VISA, int(VISA), {"card": VISA}, [VISA]])
def test_the_lake_is_searched_cell_by_cell(tmp_path: Path, value: object) -> None:
    table = pyarrow.table({"id": [1, 2], "note": [value, value]})
    (tmp_path / "bronze").mkdir()
    pyarrow.parquet.write_table(table, tmp_path / "bronze" / "part-0.parquet")
    found = list(scan_lake(tmp_path))
    assert [item.masked for item in found] == ["424242******4242"] * 2
    assert found[0].place.endswith("part-0.parquet#note")


def test_a_clean_lake_has_no_findings(tmp_path: Path) -> None:
    table = pyarrow.table({"id": [str(new_id())], "amount": [1999], "at": [1_760_000_000_123_456]})
    pyarrow.parquet.write_table(table, tmp_path / "part-0.parquet")
    assert list(scan_lake(tmp_path)) == []
