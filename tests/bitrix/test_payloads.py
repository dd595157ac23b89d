"""Posts of Bitrix24 as documented, and the queries of batch commands."""

import json
from urllib.parse import parse_qsl

import pytest
from werkzeug.datastructures import MultiDict

from b24app.bitrix.payloads import EventPayload, PlacementPayload, RobotCall
from b24app.bitrix.wire import mapping, nested, query
from b24app.lib.errors import Invalid

PLACEMENT = {
    "AUTH_ID": "at", "REFRESH_ID": "rt", "AUTH_EXPIRES": "3600", "member_id": "m1", "PLACEMENT": "CRM_DEAL_DETAIL_TAB",
    "PLACEMENT_OPTIONS": '{"ID":"8061","URI":"/crm/deal/details/8061/"}', "APPLICATION_TOKEN": "secret",
    "SERVER_ENDPOINT": "https://oauth.bitrix.info/rest/",
}  # fmt: skip


def form(**values: object) -> MultiDict[str, str]:
    return MultiDict(parse_qsl(query(values), keep_blank_values=True))


def test_a_placement_is_read() -> None:
    payload = PlacementPayload.from_form(PLACEMENT, {"LANG": "ru", "DOMAIN": "acme.bitrix24.com"})
    assert (payload.placement, payload.options["ID"], payload.language) == ("CRM_DEAL_DETAIL_TAB", "8061", "ru")
    assert (payload.access_token, payload.refresh_token, payload.application_token) == ("at", "rt", "secret")


def test_an_old_portal_leaves_fields_out() -> None:
    payload = PlacementPayload.from_form({"AUTH_ID": "at", "member_id": "m1", "PLACEMENT_OPTIONS": "[]"}, {})
    assert (payload.placement, payload.options, payload.server_endpoint) == ("DEFAULT", {}, None)


def test_a_post_of_somebody_else_names_what_is_missing() -> None:
    with pytest.raises(Invalid) as caught:
        PlacementPayload.from_form({"foo": "bar"}, {})
    assert [fault.path for fault in caught.value.errors] == ["AUTH_ID", "member_id"]


def test_an_event_is_read() -> None:
    payload = EventPayload.from_form(
        form(event="onCrmDealUpdate", data={"FIELDS": {"ID": 7405}}, auth={"member_id": "m1", "application_token": "s"})
    )
    assert (payload.code, payload.fields) == ("ONCRMDEALUPDATE", {"ID": "7405"})
    assert (payload.auth.member_id, payload.auth.application_token) == ("m1", "s")
    assert payload.auth.access_token is None


def test_a_robot_call_is_read_from_a_form_and_from_json() -> None:
    body = {
        "code": "kpi_add", "document_id": ["crm", "CCrmDocumentDeal", "DEAL_1001"], "event_token": "a|b|c",
        "properties": {"employee": "user_7", "codes": ["x", "y"]}, "use_subscription": "Y",
        "auth": {"member_id": "m1", "application_token": "s", "access_token": "at"},
    }  # fmt: skip
    for call in (RobotCall.from_form(form(**body)), RobotCall.from_form(MultiDict(), body)):
        assert (call.code, call.document[2], call.event_token, call.waits) == ("kpi_add", "DEAL_1001", "a|b|c", True)
        assert call.properties == {"employee": "user_7", "codes": ["x", "y"]}
        assert "at" not in json.dumps(call.record())


def test_only_an_explicit_no_lets_a_workflow_go_on() -> None:
    assert RobotCall.from_form(form(use_subscription="")).waits
    assert not RobotCall.from_form(form(use_subscription="N")).waits


def test_a_command_keeps_its_references() -> None:
    text = query({"filter": {">id": "$result[p0][items][49][id]"}, "order": {"id": "ASC"}, "select": ["id", "title"]})
    assert "filter[%3Eid]=$result[p0][items][49][id]" in text
    assert nested(parse_qsl(text))["select"] == {"0": "id", "1": "title"}


@pytest.mark.parametrize(
    ("value", "expected"), [([], {}), ({}, {}), (None, {}), (["a"], {"0": "a"}), ({"k": 1}, {"k": 1})]
)
def test_empty_maps_of_php_are_maps(value: object, expected: dict[str, object]) -> None:
    assert mapping(value) == expected


def test_names_nested_without_end_are_dropped() -> None:
    assert nested([("a" + "[b]" * 1000, "x"), ("c", "y")]) == {"c": "y"}
