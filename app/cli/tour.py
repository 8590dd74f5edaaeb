"""What `aml demo` does and shows once an instance answers: over HTTP, as a user would do it."""

import time
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel
from rich.text import Text

from app.answers.alerts import Alert, Alerts
from app.answers.explanation import Explanation
from app.answers.runs import Run
from app.answers.scores import TopScores, WalletScore
from app.answers.screenings import Screenings
from app.answers.unrated import UnratedWallets
from app.cli.data import import_story_labels
from app.cli.output.present import contributions_table, headline, path_lines, top_table, unrated_sentence
from app.cli.output.status_tables import count
from app.cli.output.terminal import authorization, count_progress, stderr, stdout
from app.errors import AmlError, DependencyMissing, NotReady
from app.operations.status_answer import IngestionStatus
from app.settings import Settings
from app.web.numbers import span
from ingest.kafka.producer import produce
from ingest.simulator.simulate import simulate

T = TypeVar("T", bound=BaseModel)
INGEST_SECONDS = 300.0
WORK_SECONDS = 300
CANDIDATES = 100
ALERT_SECONDS = 60.0
PATHS = 3
FLAG = "sanctions_contact"


def tour(settings: Settings, *, seed: int, wallets: int, transfers: int) -> str:
    """Sends a story to a running instance and shows what comes of it; returns the explained `chain:address`.

    Raises:
        DependencyMissing: the API does not answer.
        NotReady: the story was not ingested in time.
        AmlError: a request failed, or the graph is not equal to the record.
    """
    with httpx.Client(
        base_url=settings.api_address,
        headers=authorization(settings),
        timeout=WORK_SECONDS + 10,
        trust_env=False,
    ) as client:
        _require_api(client)
        _tell_story(client, settings, seed, wallets, transfers)
        _reload_graph(client)
        _score(client)
        wallet = _explain(client)
        _screen(client, wallet)
        _watch(client)
        return wallet


def heading(number: int, title: str) -> None:
    """The title of one step of the tour."""
    stdout.print(Text(f"\n{number}. {title}", style="bold"))


def _tell_story(client: httpx.Client, settings: Settings, seed: int, wallets: int, transfers: int) -> None:
    heading(2, "A story is told")
    story = simulate(seed, wallets=wallets, transfers=transfers)
    with count_progress("Publishing the story to Kafka", len(story.transfers)) as progress:
        produce(story.transfers, settings, progress)
    import_story_labels(settings, story)
    status = _await_ingestion(client)
    _say(
        f"The simulator published {count(len(story.transfers), 'transfer')} to Kafka: payments, an exchange, "
        "a mixer, a scam, a sanctioned wallet and laundering."
    )
    _say(f"{count(len(story.labels), 'label')} say who some of the wallets are.")
    record = status.record
    _say(
        f"The consumer wrote them: the record holds {count(record.transfers, 'transfer')} between "
        f"{count(record.wallets, 'wallet')} in {count(record.assets, 'asset')}. "
        f"Refused messages: {status.totals.dead:,}."
    )


def _reload_graph(client: httpx.Client) -> None:
    heading(3, "The graph is reloaded from the record")
    with stderr.status("Reloading the graph"):
        result = _finish(client, "/reload-graph")["result"]
    equal = "yes" if result["equal"] else "no"
    _say(
        f"{count(result['transfers'], 'transfer')} and {count(result['wallets'], 'wallet')} in "
        f"{span(result['seconds'])}. Equal to the record: {equal}, by counts and digests."
    )


def _score(client: httpx.Client) -> None:
    heading(4, "Every wallet is scored")
    with stderr.status("Scoring"):
        run = Run.model_validate(_finish(client, "/run-score"))
    seconds = (run.completed_at - run.started_at).total_seconds() if run.completed_at else None
    _say(
        f"Run {run.run_id}: {count(run.wallets or 0, 'wallet')} scored in {span(seconds)} by the "
        f"{run.engine} engine, up to {count(run.hop_limit, 'hop')} away, under policy {run.policy_version}."
    )
    stdout.print(top_table(_get(client, TopScores, "/scores/top", limit=10, sort="risk_level")))
    flagged = _get(client, TopScores, "/scores/top", limit=1, flag=FLAG, sort="crime_usd").scores
    if flagged:
        each = flagged[0]
        _say(
            f"Flags are facts beside the level, at any amount. {each.wallet.name or each.wallet.address} has "
            f"{', '.join(flag.replace('_', ' ') for flag in each.flags)}. Its level is {each.risk_level}: "
            f"{each.main_reason}"
        )
    unrated = _get(client, UnratedWallets, f"/v1/runs/{run.run_id}/unrated")
    if unrated.wallets:
        _say(unrated_sentence(unrated))


def _explain(client: httpx.Client) -> str:
    heading(5, "One wallet is explained")
    wallet = _richest_in_reasons(client)
    explanation = _get(client, Explanation, f"/scores/explain/{wallet}")
    if explanation.status == "incomplete":  # the first question meets a cold Neo4j, and a time limit
        explanation = _get(client, Explanation, f"/scores/explain/{wallet}")
    stdout.print(headline(explanation))
    stdout.print(contributions_table(explanation))
    terms = " + ".join(contribution.points for contribution in explanation.contributions)
    _say(f"The points add up to the score: {terms} = {explanation.score}")
    stdout.print(path_lines(explanation, PATHS), soft_wrap=True)
    return wallet


def _screen(client: httpx.Client, wallet: str) -> None:
    heading(6, "The same wallet is screened, in another spelling")
    spelled = wallet.replace("ethereum:0x", "https://etherscan.io/address/0x")
    subject = {"type": "wallet", "address": spelled, "customer_reference": "customer 12"}
    answer = Screenings.model_validate(_content(client.post("/v1/screenings", json={"subjects": [subject]})))
    (screening,) = answer.screenings
    _say(
        f"Screening {screening.screening_id} of {spelled}: {screening.risk_level}, {screening.status}, from "
        f"the {screening.computed_from.origin if screening.computed_from else 'record'}."
    )
    for reason in screening.reasons[:PATHS]:
        _say(f"  {reason.outcome}: {reason.sentence}")


def _watch(client: httpx.Client) -> None:
    heading(7, "A wallet is watched, and an alert comes by itself")
    flagged = _get(client, TopScores, "/scores/top", limit=1, flag=FLAG, sort="risk_level").scores
    if not flagged:
        _say("Of these wallets none has dealt with a sanctioned one.")
        return
    wallet = {"chain": flagged[0].wallet.chain, "address": flagged[0].wallet.address}
    body = {"watched_wallets": [{**wallet, "reference": "deposit address 1"}]}
    _content(client.post("/v1/watched-wallets", json=body))
    with stderr.status("Waiting for the worker to screen it"):
        alerts = _await_alerts(client, f"{wallet['chain']}:{wallet['address']}")
    for alert in alerts[:PATHS]:
        _say(f"Alert {alert.alert_id}, {alert.status}, of {alert.reference}: {alert.sentence}")
    if not alerts:
        _say(f"No alert came within {ALERT_SECONDS:.0f} seconds. Is the worker running (aml work)?")
        return
    _say("It stays open until somebody closes it with an outcome; webhooks are told by a signed call.")


def _await_alerts(client: httpx.Client, wallet: str) -> list[Alert]:
    """The alerts of a wallet, once there are any; the worker looks every five seconds."""
    deadline = time.monotonic() + ALERT_SECONDS
    while True:
        alerts = _get(client, Alerts, "/v1/alerts", wallet=wallet, status="open").alerts
        if alerts or time.monotonic() > deadline:
            return alerts
        time.sleep(0.5)


def _richest_in_reasons(client: httpx.Client) -> str:
    """Of the highest scores the one with the most contributions: it shows best how they add up."""
    top = _get(client, TopScores, "/scores/top", limit=CANDIDATES)
    wallets = [f"{each.wallet.chain}:{each.wallet.address}" for each in top.scores]
    scores = {wallet: _get(client, WalletScore, f"/scores/{wallet}") for wallet in wallets}
    return max(wallets, key=lambda wallet: len(scores[wallet].contributions))


def _require_api(client: httpx.Client) -> None:
    """Asks before anything is published.

    Raises:
        DependencyMissing: the API does not answer.
    """
    try:
        client.get("/health", timeout=10).raise_for_status()
    except httpx.HTTPError as exc:
        raise DependencyMissing(
            f"The API at {client.base_url} does not answer. Start it with `aml api`, or set AML_API_URL."
        ) from exc


def _await_ingestion(client: httpx.Client) -> IngestionStatus:
    """Waits until every message is consumed and the graph has caught up.

    Raises:
        NotReady: it takes too long.
    """
    deadline = time.monotonic() + INGEST_SECONDS
    with count_progress("Ingesting") as progress:
        while time.monotonic() < deadline:
            status = _get(client, IngestionStatus, "/ingestion/status")
            end = sum(partition.end_offset or 0 for partition in status.partitions)
            if status.lag is not None:
                progress(end - status.lag, end)
            if status.lag == 0 and end and not status.graph.behind_batches:
                return status
            time.sleep(0.2)  # the API offers no wait for ingestion
    raise NotReady(f"Not everything was ingested after {INGEST_SECONDS:.0f} seconds: see the consumer's log.")


def _get(client: httpx.Client, model: type[T], path: str, **parameters: int | str) -> T:
    return model.model_validate(_content(client.get(path, params=parameters)))


def _finish(client: httpx.Client, path: str) -> dict[str, Any]:
    """Starts long work and waits for its end.

    Raises:
        AmlError: it failed, or did not end in time.
    """
    work = _content(client.post(path, headers={"Prefer": f"wait={WORK_SECONDS}"}))
    if work.get("status") != "completed":
        raise AmlError(f"{path} ended {work.get('status')}: {work.get('error')}")
    return work


def _content(response: httpx.Response) -> dict[str, Any]:
    content: dict[str, Any] = response.json()
    if response.is_error:
        raise AmlError(
            f"{response.request.url.path} answered {response.status_code}: {content.get('detail')}"
        )
    return content


def _say(sentence: str) -> None:
    stdout.print(sentence, highlight=False)
