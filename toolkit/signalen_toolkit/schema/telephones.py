"""Telephone numbers that can be dialled in the Netherlands.

Source: the numbering plan for telephone services (Nummerplan telefoon- en ISDN-diensten) of the ACM. The tests lay it
beside the library phonenumbers, which would take a tenth of the time of a check to load.
"""

from __future__ import annotations

import re

# Area codes without their 0: those of two digits, before seven digits of one's own, and of three, before six.
_SHORT_AREA = "1[035]|2[0346]|3[03568]|4[0356]|5[0358]|7[0-9]"
_LONG_AREA = (
    "11[13-578]|16[124-8]|17[24]|18[0-467]|22[2-46-9]|25[125]|29[479]|31[3-8]|32[01]|34[1-8]|41[1-368]|47[58]|48[15-8]"
    "|49[23579]|51[1-9]|52[1-57-9]|54[13-8]|56[126]|57[0-3578]|59[1-9]"
)
# In this order: areas; mobile telephones; companies (084, 085, 087, 088) and internet (091); municipalities, 14 and the
# area; services, with 4 or 7 digits after 0800 and its kin; emergencies.
_NUMBER = re.compile(
    rf"0(?:(?:{_SHORT_AREA})[0-9]{{7}}|(?:{_LONG_AREA})[0-9]{{6}}|6[1-58][0-9]{{7}}|(?:8[4578]|91)[0-9]{{7}})"
    rf"|140(?:{_SHORT_AREA}|{_LONG_AREA})|0(?:800|90[069])(?:[0-9]{{4}}|[0-9]{{7}})|112"
)
_BETWEEN = re.compile(r"[ ()-]")
_COUNTRY = re.compile(r"^(?:\+|00)310?")


def is_dutch_phone(text: str) -> bool:
    """Tell whether a telephone number can be dialled in the Netherlands, with or without its country."""
    return _NUMBER.fullmatch(_COUNTRY.sub("0", _BETWEEN.sub("", text))) is not None
