"""What the schema says of texts, as regular expressions that JavaScript and Python read alike."""

from decimal import Decimal

_LONG = r"(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])"
_SHORT = r"(0[469]|11)-(0[1-9]|[12][0-9]|30)"
_FEBRUARY = r"02-(0[1-9]|1[0-9]|2[0-8])"
_LEAP_DAY = r"((19|20|21)(0[48]|[2468][048]|[13579][26])|2000)-02-29"
_CALENDAR = rf"((19|20|21)[0-9][0-9]-({_LONG}|{_SHORT}|{_FEBRUARY})|{_LEAP_DAY})"
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?(Z|[+-](0[0-9]|1[0-5]):[0-5][0-9])"
# What Python takes for blank; JavaScript's \s differs in five characters.
_BLANK = r"\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_WORD = rf"[^\x00{_BLANK}]+"

DAY = rf"^{_CALENDAR}$"
"""A day of the years 1900 to 2199."""
MOMENT = rf"^{_CALENDAR}(T{_CLOCK})?$"
"""A day, or a moment with its zone."""
AMOUNT = r"^-?[0-9]+(\.[0-9]+)?$"
INSTANT = rf"^{_CALENDAR}T{_CLOCK}$"
"""A moment with its zone."""
CURRENCY = r"^[A-Z]{3}$"
CLEAN = r"^[^\x00]*$"
"""A text without NUL."""
FILLED = rf"^[^\x00]*[^\x00{_BLANK}][^\x00]*$"
"""The same, and not blank."""
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = rf"(?=[^/?#:]{{1,253}}([/?#:]|$))({_LABEL}\.)+[A-Za-z]{{2,63}}"
WEB_ADDRESS = rf"^https?://{_HOST}(:[0-9]{{1,5}})?([/?#][^\x00{_BLANK}]*)?$"
"""Host names of other alphabets in their ASCII form."""
CURSOR = r"^[A-Za-z0-9_-]+$"
KEY = r"^[\x21-\x7e]{1,255}$"
ETAG = r'^"[^"]+"$'


def words(highest: int) -> str:
    """At most so many words."""
    return rf"^[{_BLANK}]*{_WORD}([{_BLANK}]+{_WORD}){{0,{highest - 1}}}[{_BLANK}]*$"


def amount(digits: int, decimals: int, lowest: Decimal | float | None) -> str:
    """An amount of at most so many digits, of them so many behind the point; with a sign unless the lowest one is 0 or more."""
    sign = "" if lowest is not None and lowest >= 0 else "-?"
    behind = rf"(\.[0-9]{{1,{decimals}}})?" if decimals else ""
    return rf"^{sign}[0-9]{{1,{digits - decimals}}}{behind}$"
