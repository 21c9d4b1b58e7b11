"""Names of countries, as people write them in place of a city, with their ISO 3166 codes.

May import: nothing. Does not know any city.
"""

from __future__ import annotations

from typing import Final

_NAMES = (
    "afghanistan AF, albania AL, algeria DZ, angola AO, argentina AR, armenia AM, australia AU, austria AT, "
    "azerbaijan AZ, bahrain BH, bangladesh BD, belarus BY, belgium BE, bolivia BO, bosnia BA, botswana BW, "
    "brazil BR, bulgaria BG, cambodia KH, cameroon CM, canada CA, chile CL, china CN, colombia CO, costa rica "
    "CR, croatia HR, cuba CU, cyprus CY, czechia CZ, czech republic CZ, denmark DK, dominican republic DO, "
    "ecuador EC, egypt EG, el salvador SV, england GB, estonia EE, ethiopia ET, finland FI, france FR, germany "
    "DE, ghana GH, great britain GB, greece GR, guatemala GT, honduras HN, hungary HU, iceland IS, india IN, "
    "indonesia ID, iran IR, iraq IQ, ireland IE, israel IL, italy IT, ivory coast CI, jamaica JM, japan JP, "
    "jordan JO, kazakhstan KZ, kenya KE, korea KR, kuwait KW, laos LA, latvia LV, lebanon LB, libya LY, "
    "lithuania LT, luxembourg LU, malaysia MY, malta MT, mexico MX, moldova MD, mongolia MN, montenegro ME, "
    "morocco MA, mozambique MZ, myanmar MM, namibia NA, nepal NP, netherlands NL, new zealand NZ, nicaragua "
    "NI, nigeria NG, north macedonia MK, norway NO, oman OM, pakistan PK, panama PA, paraguay PY, peru PE, "
    "philippines PH, poland PL, portugal PT, qatar QA, romania RO, russia RU, rwanda RW, saudi arabia SA, "
    "scotland GB, senegal SN, serbia RS, slovakia SK, slovenia SI, south africa ZA, south korea KR, spain ES, "
    "sri lanka LK, sudan SD, sweden SE, switzerland CH, syria SY, taiwan TW, tanzania TZ, thailand TH, tunisia "
    "TN, turkey TR, turkiye TR, uganda UG, ukraine UA, united arab emirates AE, united kingdom GB, united "
    "states US, uruguay UY, usa US, uzbekistan UZ, venezuela VE, vietnam VN, wales GB, yemen YE, zambia ZM, "
    "zimbabwe ZW"
)
COUNTRIES: Final[dict[str, str]] = {
    name: code for name, _, code in (entry.rpartition(" ") for entry in _NAMES.split(", "))
}
"""Folded name -> code."""
