"""Everything about the simulated brand that is a number or a name somebody chose.

The brand is Lumen Trail, an outdoor retailer with shops in the United States and Europe. All its
addresses lie under `.example`, which nobody can register.
"""

from __future__ import annotations

from dataclasses import dataclass

BRAND = "Lumen Trail"
SHOP_HOST = "www.lumentrail.example"
JOURNAL_HOST = "journal.lumentrail.example"

CHANNELS = (
    "Paid Search",
    "Paid Social",
    "Display",
    "Email",
    "Affiliates",
    "SMS",
    "Direct Mail",
)
"""The channels that can be switched off, by their Google Analytics default channel group."""


@dataclass(frozen=True)
class Campaign:
    """A campaign of a channel that can be switched off.

    `micros_per_thousand` and `micros_per_click` are the platform's price in millionths of the
    account's currency; both are zero where no cost export exists.
    """

    key: str
    channel: str
    campaign_id: str
    source: str
    medium: str
    platform: str = ""
    click_parameter: str = ""
    advertising_type: str = ""
    micros_per_thousand: int = 0
    micros_per_click: int = 0


CAMPAIGNS = (
    Campaign(
        *("brand_search", "Paid Search", "20417731001", "google", "cpc", "google_ads", "gclid"),
        *("SEARCH", 0, 620_000),
    ),
    Campaign(
        *("generic_search", "Paid Search", "20417731002", "google", "cpc", "google_ads", "gclid"),
        *("SEARCH", 0, 1_480_000),
    ),
    Campaign(
        *("social_prospecting", "Paid Social", "120208815500110", "facebook", "paid_social"),
        *("meta_ads", "fbclid", "", 6_400_000, 0),
    ),
    Campaign(
        *("social_retargeting", "Paid Social", "120208815500120", "instagram", "paid_social"),
        *("meta_ads", "fbclid", "", 9_800_000, 0),
    ),
    Campaign(
        *("display_awareness", "Display", "20588840001", "dv360", "display", "google_ads"),
        *("dclid", "DISPLAY", 2_100_000, 0),
    ),
    Campaign(
        *("display_retargeting", "Display", "20588840002", "dv360", "display", "google_ads"),
        *("dclid", "DISPLAY", 3_900_000, 0),
    ),
    Campaign("newsletter", "Email", "330110001", "hubspot", "email"),
    Campaign("abandoned_cart", "Email", "330110002", "hubspot", "email"),
    Campaign("win_back", "Email", "330110003", "hubspot", "email"),
    Campaign("coupon_partners", "Affiliates", "aff-501", "coupondeck", "affiliate"),
    Campaign("review_partners", "Affiliates", "aff-502", "gearjudge", "affiliate"),
    Campaign("flash_sale", "SMS", "sms-71", "sms", "sms"),
    Campaign("catalogue", "Direct Mail", "dm-26", "catalogue", "direct-mail"),
)
CAMPAIGN_NUMBER = {campaign.key: number for number, campaign in enumerate(CAMPAIGNS)}


@dataclass(frozen=True)
class Country:
    """A country that the brand sells in; `share` is its part of the population in percent."""

    code: str
    name: str
    currency: str
    timezone: str
    locale: str
    dial: str
    tax_percent: int
    share: int
    names: str
    mobile: tuple[str, int]
    cities: tuple[str, ...]


COUNTRIES = (
    Country(
        *("US", "United States", "USD", "America/New_York", "en-US", "1", 7, 26, "english"),
        ("", 10),
        ("New York", "Boston", "Philadelphia", "Atlanta"),
    ),
    Country(
        *("US", "United States", "USD", "America/Los_Angeles", "en-US", "1", 9, 14, "english"),
        ("", 10),
        ("Los Angeles", "Portland", "San José", "Seattle"),
    ),
    Country(
        *("GB", "United Kingdom", "GBP", "Europe/London", "en-GB", "44", 20, 16, "english"),
        ("74", 8),
        ("London", "Bristol", "Leeds", "Edinburgh"),
    ),
    Country(
        *("DE", "Germany", "EUR", "Europe/Berlin", "de-DE", "49", 19, 16, "german"),
        ("151", 8),
        ("München", "Köln", "Berlin", "Düsseldorf"),
    ),
    Country(
        *("FR", "France", "EUR", "Europe/Paris", "fr-FR", "33", 20, 10, "french"),
        ("61", 7),
        ("Paris", "Orléans", "Nîmes", "Lyon"),
    ),
    Country(
        *("ES", "Spain", "EUR", "Europe/Madrid", "es-ES", "34", 21, 8, "spanish"),
        ("61", 7),
        ("Madrid", "Málaga", "A Coruña", "Cádiz"),
    ),
    Country(
        *("IE", "Ireland", "EUR", "Europe/Dublin", "en-IE", "353", 23, 4, "english"),
        ("87", 7),
        ("Dublin", "Cork", "Dún Laoghaire", "Galway"),
    ),
    Country(
        *("FI", "Finland", "EUR", "Europe/Helsinki", "fi-FI", "358", 25, 6, "finnish"),
        ("40", 7),
        ("Helsinki", "Jyväskylä", "Hämeenlinna", "Turku"),
    ),
)

DOLLARS = {"USD": 1.0, "EUR": 1.16, "GBP": 1.34}
"""US dollars a unit: the rates of 2026 in `seeds/exchange_rates.csv`, at which the truth states
revenue whatever the year."""

PRICE_PERCENT = {"USD": 100, "EUR": 95, "GBP": 82}
"""Price of a product in a currency, in percent of its dollar price, before tax."""


@dataclass(frozen=True)
class Store:
    """A store; its kiosk is a device that many persons share."""

    store_id: str
    city: str
    country: str
    timezone: str


STORES = (
    Store("US-NYC-01", "New York", "US", "America/New_York"),
    Store("US-BOS-01", "Boston", "US", "America/New_York"),
    Store("US-LAX-01", "Los Angeles", "US", "America/Los_Angeles"),
    Store("US-PDX-01", "Portland", "US", "America/Los_Angeles"),
    Store("GB-LON-01", "London", "GB", "Europe/London"),
    Store("GB-EDI-01", "Edinburgh", "GB", "Europe/London"),
    Store("DE-MUC-01", "München", "DE", "Europe/Berlin"),
    Store("DE-CGN-01", "Köln", "DE", "Europe/Berlin"),
    Store("FR-PAR-01", "Paris", "FR", "Europe/Paris"),
    Store("ES-MAD-01", "Madrid", "ES", "Europe/Madrid"),
    Store("IE-DUB-01", "Dublin", "IE", "Europe/Dublin"),
    Store("FI-HEL-01", "Helsinki", "FI", "Europe/Helsinki"),
)


@dataclass(frozen=True)
class Product:
    """A product and its dollar price in cents, before tax."""

    sku: str
    name: str
    category: str
    cents: int


PRODUCTS = tuple(
    Product(f"LT-{category[:2].upper()}-{number:03d}", name, category, cents)
    for number, (category, name, cents) in enumerate(
        (
            ("footwear", "Ridge Trail Shoe", 12900),
            ("footwear", "Fjäll Boot GTX", 21900),
            ("footwear", "Camp Sandal", 5900),
            ("footwear", "Scree Approach Shoe", 14900),
            ("jackets", "Lumen Shell Jacket", 24900),
            ("jackets", "Drift Down Hoody", 18900),
            ("jackets", "Breeze Windbreaker", 8900),
            ("jackets", "Hüttenabend Fleece", 7900),
            ("packs", "Carry 28 Daypack", 9900),
            ("packs", "Haul 55 Pack", 19900),
            ("packs", "Hip Belt Mini", 3900),
            ("tents", "Duo 2 Tent", 32900),
            ("tents", "Solo Bivvy", 16900),
            ("sleeping", "Arctic -7° Bag", 25900),
            ("sleeping", "Inflate Mat", 8900),
            ("kitchen", "Pocket Stove", 4900),
            ("kitchen", "Titanium Mug 0.4 l", 2900),
            ("kitchen", "Bottle 1 l, blue", 1900),
            ("accessories", "Merino Socks 2-Pack", 2400),
            ("accessories", "Headlamp 400", 5400),
            ("accessories", 'Trekking Poles "Alp"', 8400),
            ("accessories", "Buff Neck Tube", 1600),
            ("accessories", "Map of the Lakes", 1200),
            ("accessories", "Gift Card Sleeve", 400),
        ),
        start=1,
    )
)


@dataclass(frozen=True)
class Parameters:
    """The strength of each cause. Probabilities are a day's unless the name says otherwise.

    `ready` in the formulas of `behaviour` is intent / (1 + intent), between 0 and 1.
    """

    intent_kept: float = 0.87
    """Part of yesterday's intent that is left today."""
    awareness_kept: float = 0.997
    awareness_start_customer: float = 0.75
    awareness_start_prospect: float = 0.12
    need_median: float = 0.0098
    """Median over persons of the probability that a need arises."""
    need_sigma: float = 0.75
    need_intent: tuple[float, float] = (0.9, 2.1)
    """Intent that a need brings: a constant, and the width of a uniform draw beside it."""
    after_churn: float = 0.15
    """Part of their needs that persons who left still bring here (they look, and do not buy)."""

    direct: tuple[float, float] = (0.022, 0.26)
    """Direct visits: awareness x (constant + factor x ready)."""
    organic_social: float = 0.012
    referral: float = 0.006
    journal: tuple[float, float] = (0.026, 0.100)
    """Visits to the brand's journal: constant x awareness + factor x ready."""
    journal_awareness: float = 0.06

    brand_searches: float = 0.34
    """Brand searches: factor x awareness x ready. They happen whether ads run or not."""
    brand_click: float = 0.72
    """Part of brand searches that ends on the ad instead of the result below it."""
    brand_organic: float = 0.93
    """Part of brand searches that reach the shop without the ad, less `brand_lost`."""
    brand_lost: float = 0.06
    """Part of brand searches that only the ad brings: a rival's ad stands there otherwise."""
    generic_searches: float = 0.13
    generic_click: float = 0.36
    generic_organic: float = 0.22
    generic_awareness: float = 0.30
    generic_intent: float = 0.22

    social_impression: float = 0.16
    social_awareness: float = 0.022
    social_intent: float = 0.013
    social_click: tuple[float, float] = (0.012, 0.045)
    social_retargeting_impression: float = 0.45
    social_retargeting_intent: float = 0.018
    social_retargeting_click: tuple[float, float] = (0.010, 0.090)
    display_impression: float = 0.09
    display_awareness: float = 0.018
    display_click: tuple[float, float] = (0.002, 0.006)
    display_retargeting_impression: float = 0.30
    display_retargeting_intent: float = 0.004
    display_retargeting_click: tuple[float, float] = (0.010, 0.140)
    retargeting_days: int = 7

    newsletter_weekday: int = 1
    email_open: tuple[float, float] = (0.16, 0.26)
    email_click: tuple[float, float] = (0.07, 0.30)
    newsletter_intent: float = 0.09
    cart_intent: float = 0.30
    win_back_after_days: int = 45
    win_back_intent: float = 0.60
    unsubscribe: float = 0.004
    """Per delivered e-mail. Text messages are refused 2.5 times as often."""

    coupon_user: float = 0.30
    """Part of persons who look for a coupon when about to buy."""
    coupon_window: float = 1.7
    """They look on days on which the draw for buying is below this many times its probability."""
    coupon_lift: float = 0.05
    """Relative lift of the probability to buy on such a day: nearly none."""
    review_click: float = 0.0035
    review_awareness: float = 0.25
    review_intent: float = 0.50

    sms_weekday: int = 4
    sms_intent: float = 0.12
    sms_click: tuple[float, float] = (0.02, 0.12)
    mail_first_day: int = 5
    mail_every_days: int = 28
    mail_strength: float = 0.042
    """Intent a day from a catalogue on the table; it fades by `mail_kept` a day."""
    mail_kept: float = 0.90
    mail_click: float = 0.03
    """Visits by the catalogue's code; other effects of a catalogue leave no trace."""

    web_purchase: float = 0.34
    """Purchase on a day with a visit: factor x ready^2."""
    store_purchase: float = 0.060
    phone_purchase: float = 0.006
    intent_after_purchase: float = 0.15
    cart: float = 0.38
    """A visit without a purchase leaves a cart: factor x ready."""
    sign_up: float = 0.055
    """A visit by a person not yet on the list ends with an e-mail address."""
    buyer_joins: float = 0.60
    churn_after_purchase: tuple[float, float] = (0.04, 0.26)
    """Range over persons of the probability that a purchase was the last."""
    gone_before: float = 0.45
    """Part of former customers who left before the first day, if they last bought 160 days ago
    (in proportion if later)."""
    habit_after_churn: float = 0.3
    """Part of their direct visits that persons who left still make."""
    attrition: float = 0.0007
    """Customers who leave without a purchase, a day."""
    refund: float = 0.065
    """Part of orders that are given back, wholly or by their first line."""

    season: tuple[float, ...] = (
        0.92,
        0.88,
        0.95,
        1.02,
        1.10,
        1.12,
        1.08,
        0.98,
        0.95,
        1.0,
        1.18,
        1.3,
    )
    """Strength of needs by month."""
    weekday: tuple[float, ...] = (0.97, 0.93, 0.95, 0.98, 1.02, 1.08, 1.07)

    truth_persons: int = 20_000
    """Persons whose worlds are compared; fewer when the population is smaller."""
    future_days: int = 365

    untracked: float = 0.06
    """Visits of which no event remains (blockers, refused cookies)."""
    stripped: float = 0.05
    """Visits from a campaign that lost their parameters on the way."""
    cookie_matched: float = 0.55
    """Impressions and clicks that the ad server can tie to our cookie."""
    late: float = 0.014
    duplicated: float = 0.006
    bot_sessions_percent: int = 12
    """Bots' sessions a day, in percent of a hundredth of the population."""
    staff_sessions_percent: int = 4
