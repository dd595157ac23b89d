"""The official Python SDK, which nobody here wrote, talks to the portal: its URLs, its batches, its refresh."""

from collections.abc import Iterator

import pytest
import requests
from b24pysdk import BitrixApp, BitrixToken, Client
from b24pysdk.credentials import OAuthPlacementData, OAuthWorkflowData

from b24app.demo import installation
from b24app.demo.server import RunningPortal, start
from b24app.demo.settings import DemoSettings
from b24app.lib import clock

OFFICIAL_OAUTH = "https://oauth.bitrix24.tech"


@pytest.fixture(scope="module")
def served() -> Iterator[RunningPortal]:
    running = start(DemoSettings(deals=300, activities=False, language="en"))
    installation.install(running.state)
    installation.finish(running.state)
    yield running
    running.close()


@pytest.fixture
def token(served: RunningPortal, monkeypatch: pytest.MonkeyPatch) -> BitrixToken:
    """The SDK's transport knows only https and the official OAuth host: both are led to the portal."""
    send, domain = requests.Session.request, served.state.domain

    def bridged(session: requests.Session, method: str, url: str, **options: object) -> requests.Response:
        url = url.replace(OFFICIAL_OAUTH, served.state.settings.oauth_url).replace(
            f"https://{domain}", f"http://{domain}"
        )
        return send(session, method, url, **options)

    monkeypatch.setattr(requests.Session, "request", bridged)
    pair = served.state.tokens.issue(1, clock.now())
    settings = served.state.settings
    app = BitrixApp(client_id=settings.client_id, client_secret=settings.client_secret)
    return BitrixToken(domain=domain, auth_token=pair.access, refresh_token=pair.refresh, bitrix_app=app)


def test_sdk_reads_a_record(token):
    answer = token.call_method("crm.deal.get", {"id": 5})

    assert answer["result"]["ID"] == "5"


def test_sdk_reads_whole_lists_both_ways(token):
    counted = token.call_list("crm.deal.list", {"select": ["ID"]})["result"]
    chained = list(token.call_list_fast("crm.item.list", {"entityTypeId": 2, "select": ["id"]})["result"])

    assert len(counted) == len(chained) == 300
    assert [int(row["id"]) for row in chained] == list(range(1, 301))


def test_sdk_runs_a_batch(token):
    answer = token.call_batch(
        {"me": ("profile", {}), "deals": ("crm.item.list", {"entityTypeId": 2, "filter": {"<=id": 3}})}
    )

    assert answer["result"]["result"]["me"]["ID"] == "1"
    assert len(answer["result"]["result"]["deals"]["items"]) == 3


def test_sdk_reads_product_rows_page_by_page_and_in_chained_batches(token):
    rows = {"filter": {"=ownerType": "D", "=ownerId": list(range(1, 121))}}
    counted = token.call_list("crm.item.productrow.list", {**rows, "order": {"id": "ASC"}})["result"]
    chained = list(token.call_list_fast("crm.item.productrow.list", rows)["result"])

    assert len(counted) > 120
    assert [row["id"] for row in counted] == [row["id"] for row in chained]


def test_sdk_reads_the_catalogue(token):
    products = token.call_list("crm.product.list", {"select": ["ID", "NAME", "SECTION_ID"]})["result"]
    sections = list(token.call_list_fast("crm.productsection.list", {"select": ["ID", "NAME"]})["result"])

    assert len(products) == 7
    assert {product["SECTION_ID"] for product in products} < {section["ID"] for section in sections}


def test_sdk_describes_writes_and_reads_custom_fields(served, token):
    client = Client(token)
    fields = client.crm.item.fields(entity_type_id=2).response.result["fields"]
    (contract,) = [name for name, field in fields.items() if field["upperName"] == "UF_CRM_CONTRACT_NUMBER"]

    written = client.crm.item.update(bitrix_id=5, entity_type_id=2, fields={contract: "SDK-1"}).response
    sold = client.crm.item.productrow.set(owner_type="D", owner_id=5, product_rows=[{"productId": 201, "price": 10}])

    assert written.result["item"][contract] == "SDK-1"
    assert [row["productName"] for row in sold.response.result["productRows"]] == ["GTX Basic"]
    assert client.crm.deal.get(bitrix_id=5).response.result["UF_CRM_CONTRACT_NUMBER"] == "SDK-1"
    assert client.crm.item.get(bitrix_id=5, entity_type_id=2).response.result["item"]["opportunity"] == 10


def test_sdk_refreshes_an_expired_token_by_itself(served, token):
    served.state.tokens.expire_all(clock.now())
    before = served.state.tokens.refreshes

    assert token.call_method("profile")["result"]["ID"] == "1"
    assert served.state.tokens.refreshes == before + 1


def test_sdk_verifies_whose_token_it_has(served, token):
    info = token.get_app_info()

    assert info.result.install.member_id == served.state.settings.member_id
    assert info.result.user_id == 1


def test_sdk_understands_the_browsers_form_and_the_robots_call(served, token):
    post = installation.browser_post(served.state, 1, "DEFAULT", {})
    opened = OAuthPlacementData.from_dict({**post.query, **post.fields})

    assert opened.member_id == served.state.settings.member_id
    assert opened.validate_against_app_info(token.get_app_info().result)
    payload = {
        "workflow_id": "w",
        "code": "kpi_add",
        "document_id": ["crm", "CCrmDocumentDeal", "DEAL_5"],
        "document_type": ["crm", "CCrmDocumentDeal", "DEAL"],
        "event_token": "t",
        "use_subscription": "Y",
        "timeout_duration": "660",
        "ts": "1790000000",
        "auth": served.state.auth(1, True),
    }
    assert OAuthWorkflowData.from_dict(payload).auth.application_token == served.state.app.token
