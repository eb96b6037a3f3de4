"""States and provinces by postal code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodega.kernel.regions import region_of

# A well-known ZIP code of every state (city halls and capitols).
CAPITALS = {
    "AL": "36104", "AK": "99801", "AZ": "85007", "AR": "72201", "CA": "95814", "CO": "80203",
    "CT": "06106", "DE": "19901", "DC": "20004", "FL": "32399", "GA": "30334", "HI": "96813",
    "ID": "83702", "IL": "62701", "IN": "46204", "IA": "50319", "KS": "66612", "KY": "40601",
    "LA": "70802", "ME": "04330", "MD": "21401", "MA": "02201", "MI": "48933", "MN": "55155",
    "MS": "39201", "MO": "65101", "MT": "59601", "NE": "68502", "NV": "89701", "NH": "03301",
    "NJ": "08608", "NM": "87501", "NY": "12224", "NC": "27601", "ND": "58505", "OH": "43215",
    "OK": "73102", "OR": "97301", "PA": "17101", "RI": "02903", "SC": "29217", "SD": "57501",
    "TN": "37219", "TX": "78701", "UT": "84111", "VT": "05602", "VA": "23219", "WA": "98504",
    "WV": "25305", "WI": "53703", "WY": "82002",
}  # fmt: skip


@pytest.mark.parametrize(("state", "zip_code"), CAPITALS.items())
def test_a_zip_code_lies_in_its_state(state: str, zip_code: str) -> None:
    assert region_of("US", zip_code) == state
    assert region_of("US", f"{zip_code}-1234") == state


@pytest.mark.parametrize(
    ("postal_code", "province"),
    [
        ("K1A 0B1", "ON"), ("h2y 1c6", "QC"), ("V8W 1P6", "BC"), ("X0A 0H0", "NU"),
        ("X1A 1A1", "NT"), ("A1C 5M2", "NL"), ("Y1A 1B5", "YT"), ("D1A 1A1", None), ("", None),
    ],
)  # fmt: skip
def test_a_canadian_postal_code_lies_in_its_province(
    postal_code: str, province: str | None
) -> None:
    assert region_of("CA", postal_code) == province


@pytest.mark.parametrize("zip_code", ["", "9", "ABCDE", "09012", "96201", "٩٤١٠٣"])
def test_what_is_no_zip_code_of_a_state_is_nowhere(zip_code: str) -> None:
    assert region_of("US", zip_code) is None


def test_elsewhere_regions_do_not_matter() -> None:
    assert region_of("DE", "50667") is None


@given(st.text(max_size=20), st.sampled_from(["US", "CA", "GB"]))
def test_any_text_has_an_answer(postal_code: str, country: str) -> None:
    assert region_of(country, postal_code) in {None, *CAPITALS, "PR", "VI"} or country == "CA"
