"""What the demo businesses sell: code, name and price at the beginning of the history, in the reporting currency, cheap things first."""

from decimal import Decimal

_SHOP = """
CARD-01 Greeting card, wren|2.95
CARD-02 Greeting card, harbour at dawn|2.95
NAPK-01 Paper napkins, finch|3.95
SOAP-01 Soap bar, sea salt|4.50
SOAP-02 Soap bar, lavender|4.50
CNDL-01 Tea lights, box of 24|4.95
PENC-01 Cedar pencils, set of six|5.50
TEA-01 Breakfast tea, 250 g|5.95
TEA-02 Earl Grey, 250 g|6.25
JAM-01 Damson jam|4.75
HNY-01 Heather honey|7.50
MUG-01 Mug, speckled white|9.00
MUG-02 Mug, slate blue|9.00
BOWL-01 Cereal bowl, slate blue|11.00
PLTE-01 Dinner plate, speckled white|12.50
TOWL-01 Tea towel, herons|8.95
TOWL-02 Tea towel, lighthouses|8.95
NOTE-01 Notebook, linen, A5|10.50
CNDL-02 Candle, fig and cedar|14.00
CNDL-03 Candle, sea spray|14.00
SOCK-01 Wool socks, moss|13.50
SOCK-02 Wool socks, rust|13.50
APRN-01 Linen apron|24.00
BAG-01 Canvas tote bag|15.00
BRUS-01 Dish brush, beech|7.25
TRAY-01 Birch tray, small|19.00
TRAY-02 Birch tray, large|29.00
VASE-01 Bud vase, smoked glass|16.50
VASE-02 Tall vase, stoneware|38.00
FRAM-01 Oak picture frame, A4|18.00
PRNT-01 Art print, terns|22.00
PRNT-02 Art print, the old pier|22.00
CUSH-01 Cushion cover, herringbone|26.00
CUSH-02 Cushion, wool, ochre|39.00
SCRF-01 Lambswool scarf, grey|42.00
SCRF-02 Lambswool scarf, heather|42.00
HAT-01 Fisherman’s beanie|21.00
GLOV-01 Cashmere gloves|48.00
JUG-01 Milk jug, stoneware|17.50
POT-01 Teapot, cast iron|46.00
BORD-01 Chopping board, olive wood|34.00
KNIF-01 Paring knife|28.00
KNIF-02 Cook’s knife, 20 cm|79.00
PAN-01 Skillet, cast iron|65.00
BASK-01 Log basket, willow|58.00
BASK-02 Hamper, empty|36.00
HAMP-01 Hamper, tea for two|49.00
HAMP-02 Hamper, winter evening|85.00
HAMP-03 Hamper, the whole harbour|140.00
LAMP-01 Table lamp, brass|95.00
LAMP-02 Floor lamp, oak|189.00
BLNK-01 Wool blanket, check|89.00
BLNK-02 Merino throw|129.00
BEDL-01 Linen duvet cover, double|135.00
BEDL-02 Linen pillowcases, pair|44.00
RUG-01 Jute rug, 120 × 180|110.00
STOO-01 Milking stool, ash|75.00
CHAI-01 Deck chair, striped|98.00
MIRR-01 Round mirror, oak|155.00
CLCK-01 Wall clock, enamel|68.00
"""
_SOFTWARE = """
PLAN-S Northbeam Starter, a month per seat|12.00
PLAN-T Northbeam Team, a month per seat|24.00
PLAN-B Northbeam Business, a month per seat|39.00
PLAN-E Northbeam Enterprise, a month per seat|59.00
YEAR-S Northbeam Starter, a year per seat|120.00
YEAR-T Northbeam Team, a year per seat|240.00
YEAR-B Northbeam Business, a year per seat|390.00
YEAR-E Northbeam Enterprise, a year per seat|590.00
ADD-API Additional API calls, 100,000|40.00
ADD-STO Additional storage, 100 GB|25.00
ADD-SSO Single sign-on|150.00
ADD-AUD Audit log, 12 months|95.00
ADD-SBX Sandbox environment|180.00
ADD-BKP Off-site backup|70.00
ADD-RPT Report builder|110.00
ADD-FRC Forecasting|160.00
ADD-MAP Territory maps|60.00
ADD-SMS Text messages, 1,000|45.00
ADD-TEL Telephony connector|85.00
ADD-ERP ERP connector|240.00
ADD-ACC Accounting connector|90.00
ADD-MKT Marketing connector|90.00
ADD-DWH Data warehouse connector|210.00
ADD-CAL Calendar sync|20.00
ADD-SIG E-signatures, 100|75.00
ADD-AIW Writing assistant|65.00
ADD-AIS Summaries of calls|80.00
ADD-KBS Knowledge base|70.00
ADD-PRT Customer portal|190.00
ADD-SVY Surveys|55.00
SUP-STD Standard support|99.00
SUP-PRM Premium support|399.00
SUP-24H Round-the-clock support|899.00
TRN-ADM Training, administrators|650.00
TRN-USR Training, users|450.00
TRN-ONL Online course, a seat|49.00
TRN-DEV Training, developers|890.00
SVC-ONB Onboarding package|1200.00
SVC-MIG Data migration|2400.00
SVC-INT Integration project|4800.00
SVC-REV Yearly review|1500.00
SVC-SEC Security review|2200.00
SVC-DAY Consulting, a day|1400.00
SVC-HRS Consulting, an hour|190.00
SVC-DSG Workspace design|1800.00
SVC-RPT Report pack|950.00
LIC-EDU Education license|9.00
LIC-NPO Non-profit license|8.00
LIC-DEV Developer seat|29.00
LIC-VWR Viewer seat|5.00
LIC-MOB Mobile seat|7.00
LIC-KSK Kiosk device|15.00
HW-KEY Security key|35.00
HW-HUB Meeting hub|420.00
HW-CAM Conference camera|260.00
CRT-ADM Certification, administrators|220.00
CRT-DEV Certification, developers|320.00
EVT-CNF Beam conference ticket|495.00
EVT-WKS Workshop ticket|150.00
DON-CO2 Climate contribution|10.00
"""

EURO_COUNTRIES = (
    "Ireland", "Germany", "France", "Netherlands", "Belgium", "Spain", "Italy", "Portugal", "Austria", "Finland", "Greece",
)  # fmt: skip
# Roughly what a euro was worth in the reporting currency.
EURO_WORTH = {"GBP": Decimal("0.8600"), "USD": Decimal("1.0900")}
MONTHLY_PLANS, YEARLY_PLANS, PLANS = 1, 5, 4
"""Places of the plans in the software company's list, counted from 1, and how many sizes there are."""

_CATEGORIES = {
    "shop": {
        "Paper and gifts": "CARD NAPK PENC NOTE PRNT FRAM",
        "Bath and candles": "SOAP CNDL",
        "Pantry": "TEA JAM HNY HAMP",
        "Kitchen and table": "MUG BOWL PLTE TOWL APRN BRUS TRAY JUG POT BORD KNIF PAN",
        "Clothes and bags": "SOCK BAG SCRF HAT GLOV",
        "Home": "VASE CUSH BASK LAMP BLNK BEDL RUG STOO CHAI MIRR CLCK",
    },
    "software": {
        "Plans": "PLAN YEAR LIC", "Add-ons": "ADD", "Support and training": "SUP TRN CRT", "Services": "SVC",
    },
}  # fmt: skip


def category_of(profile: str, code: str) -> str:
    """The category that a product belongs to by its code."""
    begin = code.partition("-")[0]
    listed = _CATEGORIES["shop" if profile == "shop" else "software"]
    return next((name for name, begins in listed.items() if begin in begins.split()), "Other")


def products(profile: str) -> list[tuple[str, str, Decimal]]:
    """(code, name, price) of everything that a shop or a software company sells."""
    lines = (_SHOP if profile == "shop" else _SOFTWARE).strip().splitlines()
    found = []
    for line in lines:
        text, _sign, price = line.rpartition("|")
        code, _space, name = text.partition(" ")
        found.append((code, name, Decimal(price)))
    return sorted(found, key=lambda product: product[2]) if profile == "shop" else found


SUBSCRIPTION_PLANS: dict[str, list[tuple[str, int]]] = {
    "software": [("Team", 9), ("Business", 19), ("Enterprise", 49), ("Enterprise plus", 89)],
    "shop": [("Tea club", 12), ("Coffee club", 18)],
}
"""What subscriptions are called and cost per seat and month, for each kind of business."""
