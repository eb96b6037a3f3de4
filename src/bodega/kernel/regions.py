"""The state or province a postal code lies in, where taxes depend on it.

United States: the first three digits of a ZIP code (USPS, Publication 65). Canada: the first letter
of a postal code (Canada Post, forward sortation areas). A few places are served from the
neighbouring state; a buyer who names the region is believed before this.
"""

from bisect import bisect_right

_CANADA = {
    "A": "NL", "B": "NS", "C": "PE", "E": "NB", "G": "QC", "H": "QC", "J": "QC", "K": "ON",
    "L": "ON", "M": "ON", "N": "ON", "P": "ON", "R": "MB", "S": "SK", "T": "AB", "V": "BC",
    "X": "NT", "Y": "YT",
}  # fmt: skip
_NUNAVUT = ("X0A", "X0B", "X0C")

# First prefix of each run of ZIP codes and its state; an empty one is military or not in use.
_RUNS = """
000 - 005 NY 006 PR 007 PR 008 VI 009 PR 010 MA 028 RI 030 NH 039 ME 050 VT 055 MA 056 VT 060 CT
070 NJ 090 - 100 NY 150 PA 197 DE 200 DC 201 VA 202 DC 206 MD 220 VA 247 WV 269 - 270 NC 290 SC
300 GA 320 FL 340 - 341 FL 350 AL 370 TN 386 MS 398 GA 400 KY 428 - 430 OH 460 IN 480 MI 500 IA
529 - 530 WI 550 MN 568 - 569 DC 570 SD 578 - 580 ND 589 - 590 MT 600 IL 630 MO 659 - 660 KS
680 NE 694 - 700 LA 716 AR 730 OK 733 TX 734 OK 750 TX 800 CO 817 - 820 WY 832 ID 839 - 840 UT
848 - 850 AZ 866 - 870 NM 885 TX 886 - 889 NV 899 - 900 CA 962 - 967 HI 969 - 970 OR 980 WA 995 AK
""".split()  # noqa: SIM905
_STARTS = [int(start) for start in _RUNS[::2]]
_STATES = [state.strip("-") for state in _RUNS[1::2]]


def region_of(country: str, postal_code: str) -> str | None:
    """ISO 3166-2 without the country: `US`, `94103` is `CA`. None where it does not matter or
    cannot be told."""
    written = "".join(letter for letter in postal_code.upper() if letter.isalnum())
    if country == "US":
        return _state(written)
    if country == "CA":
        return "NU" if written.startswith(_NUNAVUT) else _CANADA.get(written[:1])
    return None


def _state(zip_code: str) -> str | None:
    digits = zip_code[:5]
    if len(digits) < 5 or not (digits.isascii() and digits.isdigit()):
        return None
    return _STATES[bisect_right(_STARTS, int(digits[:3])) - 1] or None
