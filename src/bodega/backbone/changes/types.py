"""PostgreSQL's text output to JSON text, chosen once a column, by type.

Numbers and booleans stay themselves; `numeric` is a string (no digit is lost); json is embedded;
instants are RFC 3339 in UTC; bytea is base64; everything else is a string.
"""

import base64
from collections.abc import Callable
from json.encoder import encode_basestring as quoted_text

JsonText = Callable[[str], str]

_BOOL, _BYTEA = 16, 17
_INTEGERS = (20, 21, 23, 26, 28)
_FLOATS = (700, 701)
_JSON = (114, 3802)
_TIMESTAMP, _TIMESTAMPTZ = 1114, 1184
# uuid, numeric, date, time: no character that JSON would escape
_PLAIN = (2950, 1700, 1082, 1083)
_ARRAYS = {
    1000: _BOOL,
    1001: _BYTEA,
    1005: 21,
    1007: 23,
    1016: 20,
    1028: 26,
    1021: 700,
    1022: 701,
    199: 114,
    3807: 3802,
    1115: _TIMESTAMP,
    1185: _TIMESTAMPTZ,
    2951: 2950,
    1231: 1700,
    1182: 1082,
    1183: 1083,
    1002: 18,
    1009: 25,
    1014: 1042,
    1015: 1043,
}
_NOT_FINITE = ("NaN", "Infinity", "-Infinity")


def json_text(type_oid: int) -> JsonText:
    """The function that turns a column's text into JSON text."""
    element = _ARRAYS.get(type_oid)
    if element is not None:
        return _array_of(json_text(element))
    return _SCALARS.get(type_oid, quoted_text)


def _itself(text: str) -> str:
    return text


def _boolean(text: str) -> str:
    return "true" if text == "t" else "false"


def _plain(text: str) -> str:
    return f'"{text}"'


def _float(text: str) -> str:
    return f'"{text}"' if text in _NOT_FINITE else text


def _timestamp(text: str) -> str:
    return f'"{text[:10]}T{text[11:]}"' if text[10:11] == " " else f'"{text}"'


def _timestamptz(text: str) -> str:
    """`2026-11-21 10:45:10.5+00` to `2026-11-21T10:45:10.5Z`; infinity and BC stay as they are."""
    if text[10:11] == " " and text.endswith("+00"):
        return f'"{text[:10]}T{text[11:-3]}Z"'
    return f'"{text}"'


def _bytea(text: str) -> str:
    return f'"{base64.b64encode(bytes.fromhex(text[2:])).decode()}"'


def _array_of(element: JsonText) -> JsonText:
    def convert(text: str) -> str:
        # Bounds other than 1 come first: [0:2]={…}
        start = text.index("{")
        return _array(text, start, element)[0]

    return convert


def _array(text: str, at: int, element: JsonText) -> tuple[str, int]:
    """JSON of the array literal that opens at `at`, and the place after it."""
    parts: list[str] = []
    at += 1
    while text[at] != "}":
        if text[at] == ",":
            at += 1
        if text[at] == "{":
            part, at = _array(text, at, element)
        elif text[at] == '"':
            value, at = _quoted_element(text, at + 1)
            part = element(value)
        else:
            value, at = _bare_element(text, at)
            part = "null" if value == "NULL" else element(value)
        parts.append(part)
    return f"[{','.join(parts)}]", at + 1


def _quoted_element(text: str, at: int) -> tuple[str, int]:
    letters: list[str] = []
    while text[at] != '"':
        if text[at] == "\\":
            at += 1
        letters.append(text[at])
        at += 1
    return "".join(letters), at + 1


def _bare_element(text: str, at: int) -> tuple[str, int]:
    end = at
    while text[end] not in ",}":
        end += 1
    return text[at:end], end


_SCALARS: dict[int, JsonText] = {
    _BOOL: _boolean,
    _BYTEA: _bytea,
    _TIMESTAMP: _timestamp,
    _TIMESTAMPTZ: _timestamptz,
    **dict.fromkeys(_INTEGERS, _itself),
    **dict.fromkeys(_JSON, _itself),
    **dict.fromkeys(_FLOATS, _float),
    **dict.fromkeys(_PLAIN, _plain),
}
