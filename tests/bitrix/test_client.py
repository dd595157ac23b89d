"""The client against the demo portal: what it repeats, what it gives up, and that it never takes a part for all."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
import requests
import responses

from b24app.bitrix.client import WHILE_SOMEBODY_WAITS, Client
from b24app.bitrix.errors import (
    AccessDenied,
    BadAnswer,
    BatchError,
    LimitExceeded,
    MethodPaused,
    NotInstalled,
    PortalGone,
    Refused,
    RestError,
    TokenDead,
    TokenExpired,
    Unreachable,
    Wait,
)
from b24app.bitrix.journal import Exchange
from b24app.bitrix.throttle import Limiter
from b24app.demo.server import RunningPortal
from b24app.lib import clock

DEALS = {"entityTypeId": 2, "select": ["id", "opportunity"]}


def test_a_call_gives_the_result(client: Client) -> None:
    assert client.call("profile")["ADMIN"] is True


def test_amounts_arrive_digit_for_digit() -> None:
    with responses.RequestsMock() as wire:
        wire.post("https://a.example/rest/m", body='{"result": {"opportunity": 0.1000000000000000055}}')
        assert _lone_client().call("m")["opportunity"] == Decimal("0.1000000000000000055")


def test_a_list_is_read_whole_by_chained_pages(client: Client, portal: RunningPortal) -> None:
    batches = list(client.keyset("crm.item.list", DEALS, items_key="items"))

    assert [len(rows) for rows in batches] == [120]
    assert [row["id"] for row in batches[0]] == sorted(portal.state.deals.rows)
    assert portal.state.traffic.requests == 1


def test_a_list_is_continued_behind_a_known_id(client: Client, portal: RunningPortal) -> None:
    ids = sorted(portal.state.deals.rows)
    rows = [row for batch in client.keyset("crm.item.list", DEALS, items_key="items", after=ids[70]) for row in batch]
    assert [row["id"] for row in rows] == ids[71:]


def test_a_list_is_read_backwards_in_several_requests(client: Client, portal: RunningPortal) -> None:
    batches = list(client.keyset("crm.item.list", DEALS, items_key="items", descending=True, pages=1))

    assert [len(rows) for rows in batches] == [50, 50, 20]
    ids = [row["id"] for rows in batches for row in rows]
    assert ids == sorted(portal.state.deals.rows, reverse=True)


def test_a_token_that_expires_while_a_list_is_read_costs_nothing(client: Client, portal: RunningPortal) -> None:
    read = []
    for rows in client.keyset("crm.item.list", DEALS, items_key="items", pages=1):
        read += [row["id"] for row in rows]
        portal.state.tokens.expire_all(clock.now())
    assert read == sorted(portal.state.deals.rows)


def test_an_old_list_names_its_ids_in_upper_case(client: Client, portal: RunningPortal) -> None:
    rows = [row for batch in client.keyset("crm.deal.list", {"select": ["ID"]}, id_field="ID") for row in batch]
    assert [int(row["ID"]) for row in rows] == sorted(portal.state.deals.rows)


def test_a_whole_number_of_pages_ends_with_an_empty_one(client: Client, portal: RunningPortal) -> None:
    last = sorted(portal.state.deals.rows)[99]
    bounded = {**DEALS, "filter": {"<=id": last}}
    batches = list(client.keyset("crm.item.list", bounded, items_key="items", pages=2))
    assert [len(rows) for rows in batches] == [100]


def test_a_refused_page_raises_instead_of_ending_the_list(client: Client) -> None:
    with pytest.raises(Refused):
        list(client.keyset("crm.item.list", {**DEALS, "filter": {">noSuchField": 1}}, items_key="items"))


def test_a_list_of_a_slow_portal_is_asked_for_in_smaller_portions() -> None:
    sizes: list[int] = []

    def answer(request):
        commands = _commands(request)
        sizes.append(len(commands))
        first = int(commands["p0"].split("filter[%3Eid]=")[1].split("&")[0])
        pages = {key: [{"id": first + 50 * n + i + 1} for i in range(50)] for n, key in enumerate(commands)}
        if len(sizes) == 3:
            pages = {key: [] for key in commands}
        return 200, {}, _json({"result": {"result": pages, "result_error": []}, "time": {"duration": 0.6 * len(pages)}})

    with responses.RequestsMock() as wire:
        wire.add_callback(responses.POST, "https://a.example/rest/batch", callback=answer)
        rows = sum(len(batch) for batch in _lone_client().keyset("crm.item.list"))

    assert sizes == [50, 20, 20]
    assert rows == 3500


def test_pages_out_of_order_are_not_believed() -> None:
    page = [{"id": n + 1} for n in range(50)]
    body = {"result": {"result": {f"p{n}": page for n in range(50)}, "result_error": []}}
    with responses.RequestsMock() as wire:
        wire.post("https://a.example/rest/batch", json=body)
        with pytest.raises(BadAnswer):
            list(_lone_client(tries=1).keyset("crm.item.list"))


def test_a_missing_part_of_a_batch_is_not_taken_for_nothing() -> None:
    with responses.RequestsMock() as wire:
        wire.post("https://a.example/rest/batch", json={"result": {"result": {"a": 1}, "result_error": []}})
        with pytest.raises(BadAnswer):
            _lone_client(tries=1).batch({"a": ("m", {}), "b": ("m", {})})


def test_a_batch_raises_and_names_every_refused_command(client: Client) -> None:
    commands = {
        "good": ("profile", {}),
        "bad": ("no.such.method", {}),
        "worse": ("crm.item.get", {"entityTypeId": 999}),
    }
    with pytest.raises(BatchError) as caught:
        client.batch(commands)
    assert set(caught.value.refusals) == {"bad", "worse"}


def test_a_lenient_batch_gives_errors_in_their_places(client: Client) -> None:
    answers = client.batch_lenient({"good": ("profile", {}), "bad": ("no.such.method", {})})
    assert answers["good"]["ADMIN"] is True
    assert answers["bad"].code == "ERROR_METHOD_NOT_FOUND"


def test_more_than_fifty_commands_go_in_several_requests(client: Client, portal: RunningPortal) -> None:
    assert len(client.batch({f"c{n}": ("profile", {}) for n in range(60)})) == 60
    assert portal.state.traffic.requests == 2


@pytest.mark.parametrize(
    "how",
    [
        {"status": 503, "code": "QUERY_LIMIT_EXCEEDED"},
        {"status": 500, "code": "INTERNAL_SERVER_ERROR"},
        {"status": 502, "html": "<h1>Bad gateway</h1>"},
        {"status": 403, "html": "<h1>Forbidden</h1>"},
    ],
)
def test_trouble_that_passes_is_waited_out(
    client: Client, refuse: Callable[..., None], waits: list[float], how: dict[str, object]
) -> None:
    refuse(count=3, **how)
    assert client.call("profile")["ADMIN"] is True
    pauses = waits if how["status"] != 503 else waits[::2]
    assert len(pauses) == 3
    assert pauses[0] < pauses[1] < pauses[2] <= 30


def test_trouble_that_stays_is_raised_after_some_tries(client: Client, refuse: Callable[..., None]) -> None:
    refuse(count=100, status=503, code="QUERY_LIMIT_EXCEEDED")
    with pytest.raises(LimitExceeded):
        client.call("profile")


def test_a_lost_connection_is_tried_again(client: Client) -> None:
    with responses.RequestsMock(assert_all_requests_are_fired=True) as wire:
        wire.post("https://a.example/rest/m", body=requests.ConnectionError("reset"))
        wire.post("https://a.example/rest/m", json={"result": 1})
        assert _lone_client().call("m") == 1


def test_what_must_not_happen_twice_is_not_repeated_when_the_answer_is_lost() -> None:
    with responses.RequestsMock() as wire:
        wire.post("https://a.example/rest/m", body=requests.ReadTimeout("no answer"))
        with pytest.raises(Unreachable):
            _lone_client().call("m", repeat=False)
        assert len(wire.calls) == 1


def test_an_expired_token_is_renewed_once(client: Client, keeper, portal: RunningPortal) -> None:
    client.call("profile")
    portal.state.tokens.expire_all(clock.now())
    assert client.call("profile")["ADMIN"] is True
    assert keeper.asked == ["renewed"]


def test_a_token_that_stays_refused_is_not_renewed_for_ever() -> None:
    with responses.RequestsMock() as wire:
        wire.post("https://a.example/rest/m", status=401, json={"error": "expired_token"})
        with pytest.raises(TokenExpired):
            _lone_client().call("m")
        assert len(wire.calls) == 2


def test_a_dismissed_owner_is_replaced(client: Client, keeper, portal: RunningPortal) -> None:
    portal.state.staff.users[1].active = False
    with pytest.raises(TokenDead):
        client.call("profile")
    assert keeper.asked == ["another"]


def test_a_moved_portal_is_followed_only_by_asking_the_keeper(client: Client, keeper, portal: RunningPortal) -> None:
    client.call("profile")
    portal.state.faults.moved_to = portal.url.replace("127.0.0.1", "localhost")
    assert client.call("profile")["ADMIN"] is True
    assert keeper.asked == [f"moved {portal.state.faults.moved_to}/rest/profile"]


@pytest.mark.parametrize("code", ["PAYMENT_REQUIRED", "OVERLOAD_LIMIT", "PORTAL_DELETED", "APPLICATION_NOT_FOUND"])
def test_a_portal_that_lets_nobody_in_is_reported(
    client: Client, keeper, refuse: Callable[..., None], code: str
) -> None:
    refuse(count=1, status=401, code=code)
    with pytest.raises(PortalGone):
        client.call("profile")
    assert keeper.asked == [f"gone {code}"]


def test_a_paused_method_is_left_alone_by_everybody(client: Client, redis, keeper, portal: RunningPortal) -> None:
    portal.state.faults.operation_limit = frozenset({"crm.item.list"})
    with pytest.raises(MethodPaused) as caught:
        client.call("crm.item.list", DEALS)
    assert 500 < (caught.value.retry_after_s or 0) <= 600

    requests = portal.state.traffic.requests
    other = Client(keeper, Limiter(redis, "test"))
    with pytest.raises(MethodPaused):
        other.batch({"a": ("crm.item.list", DEALS)})
    assert portal.state.traffic.requests == requests
    assert other.call("profile")["ADMIN"] is True


def test_the_log_has_no_secrets_and_no_people(client: Client, exchanges: list[Exchange]) -> None:
    client.batch(
        {"me": ("profile", {}), "n": ("im.notify.system.add", {"USER_ID": 1, "MESSAGE": "Hello Ann", "TAG": "t"})}
    )
    client.call("user.get", {"FILTER": {"ACTIVE": True}})
    text = "".join(exchange.request + exchange.response for exchange in exchanges)

    assert [exchange.method for exchange in exchanges] == ["batch", "user.get"]
    assert exchanges[0].status == 200
    for private in ("Alice", "Morgan", "Hello", "Ann"):
        assert private not in text


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, {"error": "expired_token"}, TokenExpired),
        (401, {"error": "NO_AUTH_FOUND"}, TokenExpired),
        (403, {"error": "ACCESS_DENIED"}, AccessDenied),
        (401, {"error": "ERROR_OAUTH", "error_description": "Application not installed"}, NotInstalled),
        (410, {"error": "PORTAL_DELETED"}, PortalGone),
        (500, {"error": 0}, Wait),
        (400, {"error": "", "error_description": "Access denied."}, Refused),
        (200, {"error": "wrong_client"}, Refused),
    ],
)
def test_each_code_means_one_thing(status: int, body: dict[str, object], kind: type[RestError]) -> None:
    with responses.RequestsMock() as wire:
        wire.post("https://a.example/rest/m", status=status, json=body)
        with pytest.raises(kind):
            _lone_client(tries=1).call("m")


def test_a_person_is_not_kept_waiting() -> None:
    with responses.RequestsMock() as wire:
        wire.post("https://a.example/rest/m", status=502, body="<h1>Bad gateway</h1>")
        with pytest.raises(BadAnswer):
            _lone_client(patience=replace(WHILE_SOMEBODY_WAITS, queue_s=60)).call("m")
        assert len(wire.calls) == WHILE_SOMEBODY_WAITS.tries


class _Fixed:
    """A Keeper with one token that stays what it is."""

    def access(self):
        from b24app.bitrix.client import Access

        return Access("https://a.example/rest/", "token")

    def renewed(self, stale):
        return stale

    another = renewed

    def moved(self, access, address):
        return access

    def gone(self, error) -> None: ...


def _lone_client(tries: int = 7, patience=None) -> Client:
    """A client of a portal that is only what a test answers; it does not wait."""
    from b24app.bitrix.client import IN_BACKGROUND

    patience = patience or replace(IN_BACKGROUND, tries=tries)
    return Client(_Fixed(), Limiter(None, f"lone-{id(object())}"), patience=patience, sleep=lambda seconds: None)


def _json(value: object) -> str:
    import json

    return json.dumps(value)


def _commands(request) -> dict[str, str]:
    import json

    return json.loads(request.body)["cmd"]
