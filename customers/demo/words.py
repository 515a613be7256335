"""Words of the demo customers: places with phone numbers from ranges that are reserved for fiction, company names, and people's names from names.csv."""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Place:
    """A town: its share of the customers, whose names are met there (code of names.csv), and a number range (prefix, free digits)."""

    country: str
    city: str
    people: str
    phone: tuple[str, int]
    share: float


_UK = ("GB", "GB", "GB", "IN", "GB", "PL", "NG", "IE")

# country, share in the shop, share in the software company, [(city, phone prefix, free digits)], names met there
_COUNTRIES: tuple[tuple[str, float, float, tuple[tuple[str, str, int], ...], tuple[str, ...]], ...] = (
    ("United Kingdom", 61, 12, (
        ("London", "+44 20 7946 0", 3), ("London", "+44 7700 900", 3), ("Manchester", "+44 161 496 0", 3), ("Birmingham", "+44 121 496 0", 3),
        ("Leeds", "+44 113 496 0", 3), ("Bristol", "+44 117 496 0", 3), ("Edinburgh", "+44 131 496 0", 3), ("Glasgow", "+44 141 496 0", 3),
        ("Liverpool", "+44 151 496 0", 3), ("Sheffield", "+44 114 496 0", 3), ("Nottingham", "+44 115 496 0", 3), ("Leicester", "+44 116 496 0", 3),
        ("Newcastle upon Tyne", "+44 191 498 0", 3), ("Cardiff", "+44 29 2018 0", 3), ("Belfast", "+44 28 9649 6", 3), ("Brighton", "+44 7700 900", 3),
        ("Norwich", "+44 7700 900", 3), ("Exeter", "+44 7700 900", 3), ("York", "+44 7700 900", 3), ("Bath", "+44 7700 900", 3),
    ), _UK),
    ("Ireland", 6, 3, (("Dublin", "+353 20 91", 5), ("Cork", "+353 20 91", 5), ("Galway", "+353 20 91", 5)), ("IE", "IE", "GB")),
    ("Germany", 6, 6, (
        ("Berlin", "+49 30 23125 ", 3), ("Hamburg", "+49 40 66969 ", 3), ("München", "+49 89 99998 ", 3), ("Köln", "+49 221 4710 ", 3),
        ("Leipzig", "", 0),
    ), ("DE", "DE", "DE", "TR", "PL")),
    ("France", 5, 4, (("Paris", "+33 1 99 00 ", 4), ("Lyon", "+33 4 65 71 ", 4), ("Bordeaux", "+33 5 36 49 ", 4), ("Nantes", "+33 2 61 91 ", 4)), ("FR",)),
    ("Netherlands", 3, 3, (("Amsterdam", "", 0), ("Utrecht", "", 0), ("’s-Hertogenbosch", "", 0)), ("NL",)),
    ("Belgium", 1.5, 1, (("Antwerpen", "", 0), ("Liège", "", 0)), ("BE", "FR", "NL")),
    ("Spain", 2.5, 2, (("Madrid", "", 0), ("Málaga", "", 0), ("A Coruña", "", 0)), ("ES",)),
    ("Italy", 2, 2, (("Milano", "", 0), ("Torino", "", 0), ("Forlì", "", 0)), ("IT",)),
    ("Portugal", 1, 1, (("Lisboa", "", 0), ("Évora", "", 0)), ("PT",)),
    ("Austria", 0.8, 1, (("Wien", "", 0), ("Graz", "", 0)), ("AT", "AT", "DE")),
    ("Finland", 0.6, 1, (("Helsinki", "", 0), ("Jyväskylä", "", 0)), ("FI",)),
    ("Greece", 0.6, 0.3, (("Αθήνα", "", 0), ("Thessaloniki", "", 0)), ("GR",)),
    ("Sweden", 1.5, 2, (("Stockholm", "+46 8 465 00 ", 3), ("Malmö", "+46 40 628 0", 3), ("Göteborg", "+46 31 390 06 ", 2)), ("SE",)),
    ("Norway", 0.8, 1, (("Oslo", "", 0), ("Tromsø", "", 0)), ("NO",)),
    ("Denmark", 0.8, 1, (("København", "", 0), ("Århus", "", 0)), ("DK",)),
    ("Poland", 1, 1, (("Warszawa", "", 0), ("Łódź", "", 0), ("Kraków", "", 0)), ("PL", "PL", "UA")),
    ("Czechia", 0.4, 0.5, (("Praha", "", 0), ("Plzeň", "", 0)), ("CZ",)),
    ("United States", 3, 44, (
        ("New York", "+1 212 555 01", 2), ("Boston", "+1 617 555 01", 2), ("Chicago", "+1 312 555 01", 2), ("Austin", "+1 512 555 01", 2),
        ("Denver", "+1 303 555 01", 2), ("Seattle", "+1 206 555 01", 2), ("San Francisco", "+1 415 555 01", 2), ("Atlanta", "+1 404 555 01", 2),
        ("Miami", "+1 305 555 01", 2), ("Portland", "+1 503 555 01", 2), ("Minneapolis", "+1 612 555 01", 2), ("Raleigh", "+1 919 555 01", 2),
    ), ("US", "US", "US", "US", "MX", "IN", "KR")),
    ("Canada", 1, 7, (("Toronto", "+1 416 555 01", 2), ("Montréal", "+1 514 555 01", 2), ("Vancouver", "+1 604 555 01", 2)), ("CA", "CA", "FR")),
    ("Australia", 1, 3, (("Sydney", "+61 2 5550 ", 4), ("Melbourne", "+61 3 5550 ", 4), ("Perth", "+61 8 5550 ", 4)), ("AU",)),
    ("Japan", 0.5, 1, (("東京", "", 0), ("Osaka", "", 0)), ("JP",)),
    ("Brazil", 0.4, 1, (("São Paulo", "", 0), ("Belém", "", 0)), ("BR",)),
    ("Mexico", 0.3, 1, (("Ciudad de México", "", 0), ("Mérida", "", 0)), ("MX",)),
    ("India", 0.3, 1.2, (("Mumbai", "", 0), ("Bengaluru", "", 0)), ("IN",)),
)  # fmt: skip

COMPANY_HEADS = (
    "Alder", "Amber", "Ashdown", "Atlas", "Beacon", "Birchwood", "Blackthorn", "Bluebell", "Bramley", "Brightside", "Calder", "Cedar",
    "Clearwater", "Cobalt", "Copperfield", "Corvus", "Crescent", "Delta", "Eastgate", "Elmhurst", "Ember", "Evergreen", "Fairway", "Falcon",
    "Fernhill", "Firefly", "Foxglove", "Gatehouse", "Glenmore", "Granite", "Greenfield", "Halcyon", "Harvest", "Hawthorn", "Highland",
    "Horizon", "Ironbridge", "Juniper", "Kestrel", "Keystone", "Kingfisher", "Lakeside", "Lantern", "Larkspur", "Linden", "Lodestar", "Maple",
    "Meridian", "Millstone", "Moorland", "Nettle", "Nimbus", "Northgate", "Oakfield", "Obsidian", "Orchard", "Osprey", "Pebble", "Peregrine",
    "Pinewood", "Polaris", "Quarry", "Ravenscroft", "Redwood", "Ridgeway", "Riverside", "Rosewood", "Rowan", "Saffron", "Sandpiper", "Silverline",
    "Skylark", "Southbank", "Sparrow", "Starling", "Sterling", "Summit", "Sycamore", "Tamarind", "Thistle", "Tidewater", "Umber", "Vanguard",
    "Vertex", "Wayfarer", "Westfield", "Whitestone", "Willow", "Windmill", "Wren", "Yarrow", "Zenith",
)  # fmt: skip
# Second word of a company's name and the industry that it tells.
COMPANY_TAILS = (
    ("Logistics", "Transport and logistics"), ("Freight", "Transport and logistics"), ("Foods", "Food and drink"), ("Bakeries", "Food and drink"),
    ("Coffee Roasters", "Food and drink"), ("Hotels", "Hospitality"), ("Catering", "Hospitality"), ("Retail Group", "Retail"), ("Interiors", "Retail"),
    ("Garden Centres", "Retail"), ("Engineering", "Manufacturing"), ("Plastics", "Manufacturing"), ("Instruments", "Manufacturing"),
    ("Textiles", "Manufacturing"), ("Energy", "Energy"), ("Solar", "Energy"), ("Health", "Health care"), ("Dental", "Health care"),
    ("Pharma", "Health care"), ("Capital", "Financial services"), ("Insurance", "Financial services"), ("Accountants", "Professional services"),
    ("Legal", "Professional services"), ("Consulting", "Professional services"), ("Architects", "Professional services"), ("Media", "Media"),
    ("Publishing", "Media"), ("Studios", "Media"), ("Software", "Technology"), ("Systems", "Technology"), ("Analytics", "Technology"),
    ("Networks", "Technology"), ("Robotics", "Technology"), ("Learning", "Education"), ("College", "Education"), ("Housing", "Real estate"),
    ("Property", "Real estate"), ("Construction", "Construction"), ("Builders", "Construction"), ("Farms", "Agriculture"),
)  # fmt: skip
LEGAL_FORMS = {
    "United Kingdom": "Ltd", "Ireland": "Ltd", "Germany": "GmbH", "Austria": "GmbH", "France": "SARL", "Belgium": "BV", "Netherlands": "B.V.",
    "Spain": "S.L.", "Italy": "S.r.l.", "Portugal": "Lda.", "Finland": "Oy", "Sweden": "AB", "Norway": "AS", "Denmark": "ApS", "Poland": "sp. z o.o.",
    "Czechia": "s.r.o.", "United States": "Inc.", "Canada": "Inc.", "Australia": "Pty Ltd", "Japan": "K.K.", "Brazil": "Ltda.",
    "Mexico": "S.A. de C.V.", "India": "Pvt. Ltd.", "Greece": "E.P.E.",
}  # fmt: skip


@cache
def places(profile: str) -> list[Place]:
    """The towns where customers of a shop or a software company live, with shares that sum to 1."""
    found = []
    for country, shop, software, cities, people in _COUNTRIES:
        share = shop if profile == "shop" else software
        # the first towns of a country are its largest
        weights = [1 / (1 + index) ** 0.5 for index in range(len(cities))]
        for (city, prefix, digits), weight in zip(cities, weights, strict=True):
            for code in people:
                found.append(Place(country, city, code, (prefix, digits), share * weight / sum(weights) / len(people)))
    total = sum(place.share for place in found)
    return [Place(p.country, p.city, p.people, p.phone, p.share / total) for p in found]


@cache
def names() -> dict[str, dict[str, list[tuple[str, str]]]]:
    """Code of people -> first, last -> (name as it is written, its plain Latin letters), frequent ones first."""
    found: dict[str, dict[str, list[tuple[str, str]]]] = {}
    with (Path(__file__).parent / "names.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["country"], {"first": [], "last": []})[row["part"]].append((row["name"], row["latin"]))
    return found
