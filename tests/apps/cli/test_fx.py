"""`bodega fx` against a real database."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bodega.apps import cli
from bodega.backbone.settings import Settings
from bodega.commerce.pricing.errors import RateNotFound, RatesMalformed
from bodega.kernel.errors import Invalid

Say = Callable[..., tuple[int, str]]
HISTORY = """Date,USD,JPY,GBP,BGL,
2026-11-20,1.1600,180.00,0.8800,N/A,
2026-11-19,1.1500,N/A,0.8700,1.9,
"""
TODAY = "Date, USD, JPY, \n20 November 2026, 1.1600, 180.00, \n"


@pytest.fixture
def say(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Runs `bodega …` in this process against the test's database."""
    monkeypatch.setenv("BODEGA_DATABASE_URL", settings.dsn)
    monkeypatch.setenv("BODEGA_VALKEY_URL", settings.valkey_dsn)
    monkeypatch.setenv("BODEGA_DATA_DIR", str(settings.data_dir))

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli.app, list(arguments), env={"COLUMNS": "200"})
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, done.output

    return run


def written(folder: Path, text: str) -> str:
    file = folder / "rates.csv"
    file.write_text(text)
    return str(file)


def test_a_file_of_the_ecb_comes_in_once_and_is_read_as_of_a_day(say: Say, tmp_path: Path) -> None:
    assert say("fx", "import", written(tmp_path, HISTORY)) == (
        0,
        "5 rates of 2 days read, 5 new or changed.\n",
    )
    assert (
        "5 rates of 2 days read, 0 new or changed."
        in say("fx", "import", written(tmp_path, HISTORY))[1]
    )
    assert say("fx", "show", "eur", "usd")[1].startswith("1 EUR = 1.16")
    assert "(2026-11-19, ECB" in say("fx", "show", "EUR", "USD", "--on", "2026-11-19")[1]
    assert say("fx", "show", "GBP", "JPY")[1].startswith("1 GBP = 204.545454545 JPY")
    with pytest.raises(RateNotFound):
        say("fx", "show", "EUR", "JPY", "--on", "2026-11-19")
    assert say("fx", "show", "EUR", "USD", "--on", "yesterday")[0] == 2


def test_the_file_of_one_day_and_of_another_bank(say: Say, tmp_path: Path) -> None:
    assert "2 rates of 1 day" in say("fx", "import", written(tmp_path, TODAY))[1]
    own = written(tmp_path, "Date,EUR\n2026-11-21,1.14\n")
    say("fx", "import", own, "--base", "gbp", "--source", "House bank")
    assert say("fx", "show", "GBP", "EUR")[1] == ("1 GBP = 1.14 EUR  (2026-11-21, House bank)\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "first line"),
        ("Currency,USD\n", "first line"),
        ("Date,USD\n20/11/2026,1.16\n", "no day"),
        ("Date,USD\n2026-11-20,1.16\n2026-11-19,dear\n", "Line 3: 'dear'"),
        ("Date,USD\n2026-11-20,0\n", "no exchange rate"),
        ("Date,USD\n2026-11-20,NaN\n", "no exchange rate"),
        ("Date,USD\n2026-11-20,1.1,1.2\n", "more values"),
        ("\xff\xfe", "first line"),
    ],
)
def test_a_file_of_something_else_changes_nothing(
    say: Say, tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(RatesMalformed, match=said):
        say("fx", "import", written(tmp_path, text))
    with pytest.raises(RateNotFound):
        say("fx", "show", "EUR", "USD")


def test_what_is_not_text_or_not_money_is_refused(say: Say, tmp_path: Path) -> None:
    file = tmp_path / "rates.csv"
    file.write_bytes(b"Date,USD\n\xff\xfe\n")
    with pytest.raises(RatesMalformed, match="UTF-8"):
        say("fx", "import", str(file))
    with pytest.raises(Invalid):
        say("fx", "import", written(tmp_path, TODAY), "--base", "EURO")
