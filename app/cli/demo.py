"""`aml demo`: from nothing to an explained score, over HTTP, as a user would do it."""

import sys
import time
from contextlib import AbstractContextManager
from typing import Annotated, Any

import httpx
import typer

from app.answers.explanation import Explanation
from app.answers.scores import TopScores, WalletScore
from app.cli.data import SeedOption, TransfersOption, WalletsOption, import_story_labels
from app.cli.instance import instance
from app.cli.present import explanation_tables, top_table
from app.cli.servers import authorization, stay, where
from app.cli.terminal import DEFAULT_HOME, HomeOption, configure, counting, stderr, stdout
from app.errors import AmlError, DependencyMissing, NotReady
from app.settings import Settings
from embedded.warm import caches, training_home
from ingest.kafka.producer import produce
from ingest.simulator.simulate import simulate

INGEST_SECONDS = 300.0
WORK_SECONDS = 300
EXAMINED = 100


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(demo)
    app.command()(warm)


def demo(
    home: HomeOption = DEFAULT_HOME,
    leave: Annotated[
        bool, typer.Option("--exit", help="Stop everything at the end, also with a terminal.")
    ] = False,
    attach: Annotated[
        bool, typer.Option("--attach", help="On the servers and the API that run already; its story stays.")
    ] = False,
    seed: SeedOption = 1,
    wallets: WalletsOption = 400,
    transfers: TransfersOption = 1_500,
) -> None:
    """Start everything from nothing, tell a story, ingest it, score it, explain a wallet.

    With a terminal it stays up until Ctrl-C; with --attach nothing is started or stopped.
    Example: aml demo --exit
    """
    began = time.monotonic()
    if attach:
        rehearse(configure(home), seed=seed, wallets=wallets, transfers=transfers)
        stdout.print(f"Explained after {time.monotonic() - began:.0f} seconds.")
        return
    with instance(home) as (stack, configured):
        rehearse(configured, seed=seed, wallets=wallets, transfers=transfers)
        stdout.print(where(configured, home))
        stdout.print(f"Explained after {time.monotonic() - began:.0f} seconds.")
        if sys.stdout.isatty() and not leave:
            stdout.print("Everything stays up until Ctrl-C. `aml down --wipe` removes the data afterwards.")
            stay(stack)


def warm() -> None:
    """Build the JVM caches of this machine once, by a demo that is recorded: later starts are faster.

    Example: aml warm
    """
    if all(cache.exists() for cache in caches()):
        stderr.print("The caches of this machine are there already.")
        return
    with training_home() as home, instance(home, record_caches=True) as (_, configured):
        rehearse(configured, seed=1, wallets=400, transfers=1_500)
        httpx.get(configured.neo4j_browser_url or "", trust_env=False).raise_for_status()
        stderr.print("Writing the caches, which takes about half a minute ...")
    stderr.print("The caches of this machine are built: " + ", ".join(str(cache) for cache in caches()))


def rehearse(configured: Settings, *, seed: int, wallets: int, transfers: int) -> None:
    """Tells a story to a running instance and shows what comes of it.

    Raises:
        DependencyMissing: the API does not answer.
    """
    with httpx.Client(
        base_url=configured.api_address,
        headers=authorization(configured),
        timeout=WORK_SECONDS + 10,
        trust_env=False,
    ) as client:
        _await_api(client)
        _publish_story(configured, seed, wallets, transfers)
        _await_ingestion(client)
        show(client)


def show(client: httpx.Client) -> None:
    """Reload the graph, run scoring, list the top wallets, explain one, show the ingestion status."""
    with _told("Reloading the graph from the record"):
        reload = _done(client, "/reload-graph")
    stdout.print(f"Graph reloaded: {reload}")
    with _told("Scoring"):
        run = _done(client, "/run-score")
    stdout.print(f"Scoring run: {run}")
    top = TopScores.model_validate(_answer(client.get("/scores/top", params={"limit": 10})))
    stdout.print(top_table(top))
    reference = _worth_explaining(client)
    explanation = Explanation.model_validate(_answer(client.get(f"/scores/explain/{reference}")))
    for table in explanation_tables(explanation):
        stdout.print(table)
    stdout.print("Ingestion status")
    stdout.print_json(data=_answer(client.get("/ingestion/status")))


def _worth_explaining(client: httpx.Client) -> str:
    """Of the highest scores the one with the most contributions: there is most to add up."""
    top = TopScores.model_validate(_answer(client.get("/scores/top", params={"limit": EXAMINED})))
    names = [f"{each.wallet.chain}:{each.wallet.address}" for each in top.scores]
    scores = {name: WalletScore.model_validate(_answer(client.get(f"/scores/{name}"))) for name in names}
    return max(names, key=lambda name: len(scores[name].contributions))


def _publish_story(configured: Settings, seed: int, wallets: int, transfers: int) -> None:
    story = simulate(seed, wallets=wallets, transfers=transfers)
    with counting("Publishing the story to Kafka", len(story.transfers)) as done:
        produce(story.transfers, configured, done)
    import_story_labels(configured, story)
    stderr.print(f"Published a story of {len(story.transfers)} transfers and {len(story.labels)} labels.")


def _await_api(client: httpx.Client) -> None:
    """Asks before anything is published: a story that nobody can be asked about helps nobody.

    Raises:
        DependencyMissing: the API does not answer.
    """
    try:
        client.get("/health", timeout=10).raise_for_status()
    except httpx.HTTPError as exc:
        raise DependencyMissing(
            f"The API at {client.base_url} does not answer. Start it with `aml api`, or set AML_API_URL."
        ) from exc


def _await_ingestion(client: httpx.Client) -> None:
    """Waits until every message is consumed and the graph has caught up.

    Raises:
        NotReady: it takes too long.
    """
    deadline = time.monotonic() + INGEST_SECONDS
    with counting("Ingesting") as done:
        while time.monotonic() < deadline:
            status = _answer(client.get("/ingestion/status"))
            lag, behind = status["lag"], status["graph"]["behind_transfers"]
            ends = sum(partition["end_offset"] or 0 for partition in status["partitions"])
            if lag is not None:
                done(ends - lag, ends)
            if lag == 0 and ends and not behind and not status["graph"]["behind_batches"]:
                return
            time.sleep(0.2)  # another process's progress has no condition to wait on
    raise NotReady(f"Not everything was ingested after {INGEST_SECONDS:.0f} seconds: see the consumer's log.")


def _done(client: httpx.Client, route: str) -> dict[str, Any]:
    """Asks for long work and waits for its end.

    Raises:
        AmlError: it failed, or did not end in time.
    """
    result = _answer(client.post(route, headers={"Prefer": f"wait={WORK_SECONDS}"}))
    if result.get("status") != "completed":
        raise AmlError(f"{route} ended {result.get('status')}: {result.get('error')}")
    return result


def _answer(response: httpx.Response) -> dict[str, Any]:
    answer: dict[str, Any] = response.json()
    if response.is_error:
        raise AmlError(f"{response.request.url.path} answered {response.status_code}: {answer.get('detail')}")
    return answer


def _told(what: str) -> AbstractContextManager[Any]:
    return stderr.status(what)
