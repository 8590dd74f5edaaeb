"""What a report says first, and that it stays short however much evidence there is."""

from datetime import UTC, datetime

from pypdfium2 import PdfDocument

from app.answers.explanation import EXPLANATION, Explanation
from app.answers.runs import RUN
from app.answers.scores import CategoryAmount, Contribution, Reason
from app.report.document import pdf
from app.report.summary import summary
from app.report.wallet_report import ReportLabel, WalletReport

FIRST_PAGES = 4
NOW = datetime(2026, 1, 5, tzinfo=UTC)
LONG = "A rule about money that came from crime or went to it, directly or through others: 12.00 USD; " * 3


def judged(**changes: object) -> Explanation:
    fields = {
        "risk_level": "high",
        "main_reason": "Much of it came from crime: 2,000.00 USD, 53.76 % of what it received (mixer).",
        "flags": ["sanctions_contact"],
        "usd_received": "3720.20",
        "usd_sent": "930.05",
        "source_coverage": 0.75,
        "destination_coverage": 1.0,
        "amounts": [
            CategoryAmount(
                direction="source",
                category="mixer",
                listed=None,
                firm=True,
                direct_usd="0.00",
                indirect_usd="2000.00",
                share=0.5376,
            )
        ],
    }
    return EXPLANATION.model_copy(update=fields | changes)


def test_the_first_paragraph_says_who_what_why_how_much_when_and_how_certain() -> None:
    told = " ".join(summary(judged(), RUN))
    for part in (
        EXPLANATION.wallet.address,
        "is rated high, the second of five levels",
        "14.00 of 100",
        "Why: Much of it came from crime",
        "the flag sanctions contact",
        "received 3,720.20 USD and sent 930.05 USD",
        "2,000.00 USD, 53.76 % of what it received, came from mixer, all of it through others",
        "2026-01-05",
        "the origin of 75.00 % of what it received is known",
        "a confidence of 90 of 100",
        f"Scoring run {RUN.run_id} says so",
    ):
        assert part in told, part


def test_a_wallet_without_a_score_has_no_rating() -> None:
    unknown = judged(score=None, risk_level=None, incomplete_reasons=["It was never seen."])
    assert "has no rating. It was never seen." in " ".join(summary(unknown, RUN))


def test_the_annex_begins_within_five_pages_of_any_wallet() -> None:
    contributions = [
        Contribution(
            direction="source", category="mixer", hop=1 + n % 6, share=0.01, severity=70, hop_weight=1,
            points="0.700000",
        )
        for n in range(80)
    ]  # fmt: skip
    amounts = judged().amounts * 60
    explanation = judged(
        contributions=contributions,
        other_contributions=contributions,
        amounts=amounts,
        paths=EXPLANATION.paths * 60,
        top_contributing_wallets=EXPLANATION.top_contributing_wallets * 60,
        reasons=[Reason(rule=f"rule_{n}", outcome="medium", decides=False, sentence=LONG) for n in range(30)],
    )
    label = ReportLabel(
        category="mixer", name="A name " * 6, source="a list", confidence=90, valid_from=None, valid_to=None,
        recorded_at=NOW,
    )  # fmt: skip
    report = WalletReport(
        made_at=NOW,
        made_by="somebody",
        run=RUN,
        explanation=explanation,
        labels=[label] * 40,
    )
    document = PdfDocument(pdf(report))
    pages = [page.get_textpage().get_text_range() for page in document]
    annex = next(number for number, page in enumerate(pages) if "Annex: every figure" in page)
    assert 0 < annex <= FIRST_PAGES
    assert "somebody" in pages[0]
    assert "Path 60" in "".join(pages[annex:]).replace("\r\n", " ")
