"""GraphSense's terms as categories of the policy, and its names of confidence as numbers."""

from collections.abc import Collection

TERMS: dict[str, tuple[str, ...]] = {
    "sanctioned": ("sanction",),
    "terrorist_financing": ("terrorism",),
    "child_abuse_material": ("child_sexual_abuse",),
    "ransomware": ("ransomware",),
    "stolen_funds": ("service_hack",),
    "darknet_market": (),  # a market or shop of the `dark_web`
    "scam": (
        "scam", "phishing", "investment_fraud", "ponzi_scheme", "pyramid_scheme", "extortion", "sextortion",
    ),
    "fraud_shop": ("payment_card_fraud",),
    "mixer": ("mixing_service", "mixing", "coinjoin"),
    "gambling": ("gambling",),
    "exchange": ("exchange",),
    "service": (
        "service", "wallet_service", "escrow_wallet", "ico_wallet", "payment_processor", "miner",
        "mining_service", "faucet", "defi", "defi_lending", "defi_dex", "defi_derivative", "defi_derivatives",
        "defi_bridge", "hosting", "vpn", "filesharing", "index", "messaging_service", "search_engine",
    ),
}  # fmt: skip
"""Terms (`abuse`, `category`, `concepts`) by category, worst first: a tag has the first that fits."""

CONFIDENCES = {
    "override": 100,
    "ownership": 100,
    "manual_transaction": 90,
    "ledger_immanent": 90,
    "service_api": 70,
    "authority_data": 60,
    "forensic_investigation": 60,
    "trusted_provider": 50,
    "service_data": 50,
    "forensic": 50,
    "untrusted_transaction": 40,
    "web_crawl": 20,
    "heuristic": 10,
    "unknown": 5,
}
"""Confidence by GraphSense's name for how an attribution was made."""

UNKNOWN_CONFIDENCE = CONFIDENCES["unknown"]
_DARK = "dark_web"
_SELLING = {"market", "shop"}
_CATEGORIES = {term: category for category, terms in TERMS.items() for term in terms}
_WORST_FIRST = tuple(TERMS)


def category_of(terms: Collection[str]) -> str | None:
    """The category of a tag with these terms; None when they only name the wallet.

    A victim is no perpetrator, whatever was done to it. A market or shop is a darknet market only where
    the tag says so: OpenSea is a market too.
    """
    if "victim" in terms:
        return None
    categories = {_CATEGORIES[term] for term in terms if term in _CATEGORIES}
    if _DARK in terms and _SELLING & set(terms):
        categories.add("darknet_market")
    return min(categories, key=_WORST_FIRST.index, default=None)
