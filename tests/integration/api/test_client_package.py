"""The client for Python on a real server: every operation of its list, repeats, and failures."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from aml_client import (
    AmlClient,
    ApiProblem,
    Busy,
    NotAnswered,
    NotFound,
    NotReachable,
    TransferSubject,
    Unauthorized,
    WalletSubject,
    WatchRequest,
)
from app.settings import PROJECT, Settings
from app.stores.graph import Graph
from app.stores.postgres import Postgres
from ingest.contract.transfer import encode
from make_models import OPERATIONS
from tests.support.api.flaky_proxy import Proxy, flaky
from tests.support.builders import address, transfer
from tests.support.commands import free_port
from tests.support.environment import API_TOKEN
from tests.support.ingesting import ingest
from tests.support.jobs.receiver import receiving_calls
from tests.support.record import ask, label, score
from tests.support.run_story import ALICE, BOB, MIXER, STORY
from tests.support.serving import served

PATHS = json.loads((PROJECT / "docs" / "openapi.json").read_text())["paths"]


@pytest.fixture
def proxy(settings: Settings, postgres: Postgres, graph: Graph) -> Iterator[Proxy]:
    label(postgres, MIXER, "mixer")
    ingest(settings, postgres, graph, STORY)
    score(postgres, graph, "ledger")
    allowed = settings.model_copy(update={"webhook_allowed_hosts": "127.0.0.1"})
    with served(allowed, postgres, graph) as api, flaky(str(api.base_url).rstrip("/")) as one:
        yield one


@pytest.fixture
def aml(proxy: Proxy) -> Iterator[AmlClient]:
    with AmlClient(proxy.url, API_TOKEN, timeout_seconds=60) as client:
        yield client


def operations(requests: list[tuple[str, str]]) -> set[str]:
    """The operations of the document that these requests are."""
    found = set()
    for method, path in requests:
        for template, methods in PATHS.items():
            pattern = re.sub(r"\{\w+\}", "[^/]+", template)
            if re.fullmatch(pattern, path.partition("?")[0]) and method.lower() in methods:
                found.add(methods[method.lower()]["operationId"])
                break
    return found


def test_every_operation_of_the_clients_list_is_reached_and_answers_with_its_model(
    aml: AmlClient, proxy: Proxy
) -> None:
    screening = aml.screen_wallet(f"0X{BOB[2:].upper()}", reference="r 1", customer_reference="c 1")
    assert (screening.status, screening.wallets[0].wallet_score.wallet.address) == ("complete", BOB)
    assert aml.screening(screening.screening_id) == screening
    assert [one.screening_id for one in aml.screenings(customer_reference="c 1")] == [screening.screening_id]
    assert aml.verify_screening(screening.screening_id).equal
    deposit = aml.screen_deposit(STORY[0].transaction_hash, receiver=ALICE)
    assert (deposit.status, deposit.transfer is not None) == ("complete", True)
    payment = aml.screen_withdrawal(MIXER, "ETH", units="1.5", usd_value="3000", chain="ethereum")
    assert "paid_market_or_mixer" in {reason.rule for reason in payment.reasons}
    many = list(aml.screen_all(WalletSubject(type="wallet", address=address(n)) for n in range(1, 1_012)))
    assert len(many) == 1_011
    assert aml.screen_wallet("not an address").refused_reason == "bad_address"
    assert screening.reference_id is not None
    assert aml.forget_reference(screening.reference_id).screenings == 1
    assert aml.watch([WatchRequest(chain="ethereum", address=BOB, reference="r")]).added == 1
    (watched,) = aml.watched_wallets()
    assert aml.unwatch(watched.watched_id).removed == 1
    assert list(aml.alerts(status="open")) == []
    with receiving_calls() as receiver:
        endpoint = aml.webhooks.add(receiver.url)
        assert [one.endpoint_id for one in aml.webhooks.list()] == [endpoint.endpoint_id]
        assert aml.webhooks.rotate(endpoint.endpoint_id).secret != endpoint.secret
        sent = aml.webhooks.test(endpoint.endpoint_id)
        assert [one.delivery_id for one in aml.webhooks.deliveries(endpoint.endpoint_id)] == [
            sent.delivery_id
        ]
        aml.webhooks.replay(sent.delivery_id)
        aml.webhooks.remove(endpoint.endpoint_id)
    (published,) = aml.publish_transfers([json.loads(encode(transfer(80, ALICE, BOB, 5)))]).results
    assert published.partition is not None
    assert published.offset is not None
    assert aml.message(published.partition, published.offset).status == "not_read"
    assert aml.score(f"ethereum:{BOB}").wallet.address == BOB
    run = aml.start_run(wait_seconds=60, idempotency_key="nightly")
    assert aml.run(run.run_id).run_id == aml.start_run(idempotency_key="nightly").run_id == run.run_id
    for work in (aml.alert, aml.review_alert):
        with pytest.raises(NotFound):
            work(4711)
    assert operations(proxy.requests) == OPERATIONS


@pytest.mark.parametrize("failures", [["lost"], ["lost", 503, "lost"], [429], [502, 504]])
def test_a_repeat_records_nothing_twice(
    aml: AmlClient, proxy: Proxy, postgres: Postgres, failures: list[str | int]
) -> None:
    proxy.failures = list(failures)
    made = aml.screen([WalletSubject(type="wallet", address=one) for one in (BOB, "nothing", ALICE)])
    assert [one.status for one in made] == ["complete", "refused", "complete"]
    assert len(proxy.requests) == len(failures) + 1
    assert ask(postgres, "SELECT count(*) FROM screenings") == 3
    assert ask(postgres, "SELECT screening_ids FROM screening_requests") == [one.screening_id for one in made]


def test_one_key_is_of_one_request_also_at_the_same_time(
    aml: AmlClient, proxy: Proxy, postgres: Postgres
) -> None:
    def screen(_number: int) -> int:
        return aml.screen_wallet(BOB, reference="deposit 1", idempotency_key="deposit 1").screening_id

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(screen, range(24)))) == 1
    assert ask(postgres, "SELECT count(*) FROM screenings") == 1
    with pytest.raises(ApiProblem) as refused:
        aml.screen_wallet(ALICE, idempotency_key="deposit 1")
    assert refused.value.status == 422
    assert refused.value.problem is not None
    assert "Idempotency-Key" in str(refused.value)
    assert len(proxy.requests) == 25


def test_what_cannot_be_answered_says_why(aml: AmlClient, proxy: Proxy) -> None:
    pending = TransferSubject(type="transfer", transaction_hash="0x" + "ab" * 32, receiver=BOB)
    assert aml.screen([pending])[0].status == "pending"
    with pytest.raises(NotAnswered) as unseen:
        aml.screen_deposit("0x" + "ab" * 32, receiver=BOB, wait_seconds=1)
    assert aml.screening(unseen.value.screening_id).status == "pending"
    with AmlClient(proxy.url, "wrong" * 8) as stranger, pytest.raises(Unauthorized):
        stranger.screen_wallet(BOB)
    with (
        AmlClient(f"http://127.0.0.1:{free_port()}", API_TOKEN, attempts=2) as nowhere,
        pytest.raises(NotReachable, match="does not answer"),
    ):
        nowhere.screen_wallet(BOB)
    proxy.failures = [503] * 9
    with AmlClient(proxy.url, API_TOKEN, attempts=3) as tired, pytest.raises(Busy):
        tired.screen_wallet(BOB)
    proxy.failures = ["lost"]
    with pytest.raises(NotReachable):
        aml.webhooks.add("https://desk.example/aml")
    assert len(aml.webhooks.list()) == 1
