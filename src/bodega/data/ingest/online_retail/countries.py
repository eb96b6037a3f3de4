"""Country names as the file writes them → ISO 3166-1 alpha-2; None where it names no country."""

import re

_KNOWN = {
    "australia": "AU", "austria": "AT", "bahrain": "BH", "belgium": "BE", "bermuda": "BM",
    "brazil": "BR", "canada": "CA", "cyprus": "CY", "czech republic": "CZ", "denmark": "DK",
    "eire": "IE", "finland": "FI", "france": "FR", "germany": "DE", "greece": "GR",
    "hong kong": "HK", "iceland": "IS", "ireland": "IE", "israel": "IL", "italy": "IT",
    "japan": "JP", "korea": "KR", "lebanon": "LB", "lithuania": "LT", "malta": "MT",
    "netherlands": "NL", "nigeria": "NG", "norway": "NO", "poland": "PL", "portugal": "PT",
    "rsa": "ZA", "saudi arabia": "SA", "singapore": "SG", "spain": "ES", "sweden": "SE",
    "switzerland": "CH", "thailand": "TH", "united arab emirates": "AE", "united kingdom": "GB",
    "usa": "US",
}  # fmt: skip
_CODE = re.compile(r"[A-Z]{2}")


def country_code(name: str) -> str | None:
    """`EIRE` is IE, `DE` is DE; `Unspecified`, `European Community`, `Channel Islands` are None."""
    found = _KNOWN.get(name.strip().lower())
    return found or (name if _CODE.fullmatch(name) else None)
