"""Countries and languages as people and programs write them: ISO 3166 and ISO 639. Pure."""

import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

# Two letters and three, of ISO 3166-1.
_CODES: Final = """
AD AND AE ARE AF AFG AG ATG AI AIA AL ALB AM ARM AO AGO AQ ATA AR ARG AS ASM AT AUT AU AUS AW ABW
AX ALA AZ AZE BA BIH BB BRB BD BGD BE BEL BF BFA BG BGR BH BHR BI BDI BJ BEN BL BLM BM BMU BN BRN
BO BOL BQ BES BR BRA BS BHS BT BTN BV BVT BW BWA BY BLR BZ BLZ CA CAN CC CCK CD COD CF CAF CG COG
CH CHE CI CIV CK COK CL CHL CM CMR CN CHN CO COL CR CRI CU CUB CV CPV CW CUW CX CXR CY CYP CZ CZE
DE DEU DJ DJI DK DNK DM DMA DO DOM DZ DZA EC ECU EE EST EG EGY EH ESH ER ERI ES ESP ET ETH FI FIN
FJ FJI FK FLK FM FSM FO FRO FR FRA GA GAB GB GBR GD GRD GE GEO GF GUF GG GGY GH GHA GI GIB GL GRL
GM GMB GN GIN GP GLP GQ GNQ GR GRC GS SGS GT GTM GU GUM GW GNB GY GUY HK HKG HM HMD HN HND HR HRV
HT HTI HU HUN ID IDN IE IRL IL ISR IM IMN IN IND IO IOT IQ IRQ IR IRN IS ISL IT ITA JE JEY JM JAM
JO JOR JP JPN KE KEN KG KGZ KH KHM KI KIR KM COM KN KNA KP PRK KR KOR KW KWT KY CYM KZ KAZ LA LAO
LB LBN LC LCA LI LIE LK LKA LR LBR LS LSO LT LTU LU LUX LV LVA LY LBY MA MAR MC MCO MD MDA ME MNE
MF MAF MG MDG MH MHL MK MKD ML MLI MM MMR MN MNG MO MAC MP MNP MQ MTQ MR MRT MS MSR MT MLT MU MUS
MV MDV MW MWI MX MEX MY MYS MZ MOZ NA NAM NC NCL NE NER NF NFK NG NGA NI NIC NL NLD NO NOR NP NPL
NR NRU NU NIU NZ NZL OM OMN PA PAN PE PER PF PYF PG PNG PH PHL PK PAK PL POL PM SPM PN PCN PR PRI
PS PSE PT PRT PW PLW PY PRY QA QAT RE REU RO ROU RS SRB RU RUS RW RWA SA SAU SB SLB SC SYC SD SDN
SE SWE SG SGP SH SHN SI SVN SJ SJM SK SVK SL SLE SM SMR SN SEN SO SOM SR SUR SS SSD ST STP SV SLV
SX SXM SY SYR SZ SWZ TC TCA TD TCD TF ATF TG TGO TH THA TJ TJK TK TKL TL TLS TM TKM TN TUN TO TON
TR TUR TT TTO TV TUV TW TWN TZ TZA UA UKR UG UGA UM UMI US USA UY URY UZ UZB VA VAT VC VCT VE VEN
VG VGB VI VIR VN VNM VU VUT WF WLF WS WSM YE YEM YT MYT ZA ZAF ZM ZMB ZW ZWE
"""
# What they are called beside their English names.
_ALSO: Final[Mapping[str, str]] = {
    "AT": "osterreich autriche", "BE": "belgien belgique belgie", "CH": "schweiz suisse svizzera",
    "CZ": "tschechien czechia cesko", "DE": "deutschland allemagne", "DK": "danemark danmark",
    "ES": "spanien espana espagne", "FI": "finnland suomi", "FR": "frankreich",
    "GB": "uk united_kingdom great_britain england grossbritannien vereinigtes_konigreich",
    "HU": "ungarn", "IE": "irland", "IT": "italien italia italie", "LU": "luxemburg",
    "NL": "niederlande nederland holland pays-bas", "NO": "norwegen norge", "PL": "polen polska",
    "PT": "portugal", "SE": "schweden sverige", "TR": "turkei turkiye",
    "US": "usa u.s.a. united_states_of_america vereinigte_staaten", "KR": "south_korea",
}  # fmt: skip
# Code of ISO 639-1: English name, own name.
_LANGUAGES: Final[Mapping[str, tuple[str, ...]]] = {
    "ar": ("arabic",), "bg": ("bulgarian",), "ca": ("catalan", "catala"),
    "cs": ("czech", "cestina"),
    "da": ("danish", "dansk"), "de": ("german", "deutsch"), "el": ("greek",),
    "en": ("english", "englisch"), "es": ("spanish", "espanol", "spanisch"),
    "et": ("estonian", "eesti"), "fi": ("finnish", "suomi"),
    "fr": ("french", "francais", "franzosisch"), "ga": ("irish", "gaeilge"), "he": ("hebrew",),
    "hi": ("hindi",), "hr": ("croatian", "hrvatski"), "hu": ("hungarian", "magyar"),
    "id": ("indonesian",), "is": ("icelandic",), "it": ("italian", "italiano", "italienisch"),
    "ja": ("japanese",), "ko": ("korean",), "lt": ("lithuanian",), "lv": ("latvian",),
    "ms": ("malay",), "nb": ("norwegian bokmal",), "nl": ("dutch", "nederlands"),
    "no": ("norwegian", "norsk"), "pl": ("polish", "polski"), "pt": ("portuguese", "portugues"),
    "ro": ("romanian", "romana"), "ru": ("russian",), "sk": ("slovak",), "sl": ("slovenian",),
    "sr": ("serbian",), "sv": ("swedish", "svenska"), "th": ("thai",), "tr": ("turkish", "turkce"),
    "uk": ("ukrainian",), "vi": ("vietnamese",), "zh": ("chinese",),
}  # fmt: skip


def _plain(name: str) -> str:
    signs = unicodedata.normalize("NFKD", name.replace("ß", "ss")).casefold()
    return " ".join("".join(one for one in signs if not unicodedata.combining(one)).split())


@cache
def _countries() -> dict[str, str]:
    """Return two letters by everything that a country is called."""
    codes = _CODES.split()
    found = dict(zip(map(str.casefold, codes[1::2]), codes[::2], strict=True))
    found |= {code.casefold(): code for code in codes[::2]}
    for line in files("tzdata.zoneinfo").joinpath("iso3166.tab").read_text("utf-8").splitlines():
        code, _, name = line.partition("\t")
        if name and not line.startswith("#"):
            found[_plain(name)] = code
    for code, names in _ALSO.items():
        found |= {name.replace("_", " "): code for name in names.split()}
    return found


def country_code(name: str) -> str:
    """Return the two letters of a country, "" for one that is not known."""
    return _countries().get(_plain(name), "")


def language_tag(name: str) -> str:
    """Return a language as `de` or, with its country, as `de-AT`; "" for one that is not known."""
    word = _plain(name).replace("_", "-")
    code, _, where = word.partition("-")
    if code in _LANGUAGES and (not where or (len(where) == 2 and country_code(where))):
        return f"{code}-{where.upper()}" if where else code
    return next((code for code, names in _LANGUAGES.items() if word in names), "")
