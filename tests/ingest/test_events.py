"""What events mean: which record is to be read again, what is to be polled."""

from types import ModuleType

import pytest

from b24app.ingest import events
from b24app.ingest.events import News, UnreadableEvent, news


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        ("onCrmDealUpdate", News("deal", "7405")),
        ("ONCRMDEALMOVETOCATEGORY", News("deal", "7405")),
        ("ONCRMCOMPANYDELETE", News("company", "7405")),
        ("ONCRMCOMPANYADD", News("company", "7405", is_new=True)),
        ("ONCRMDEALUSERFIELDADD", News("term")),
        ("ONCRMLEADADD", News("lead", "7405")),
        ("ONCRMQUOTEADD", News("quote", "7405")),
        ("ONCRMORDERADD", None),
        ("", None),
    ],
)
def test_an_event_names_what_is_to_be_read_again(code: str, meaning: News | None) -> None:
    assert news(code, {"ID": "7405", "FIELD_NAME": "UF_CRM_1"}) == meaning


def test_the_same_record_has_one_name_however_it_is_written() -> None:
    assert news("ONCRMDEALADD", {"ID": 7405}) == news("ONCRMDEALADD", {"ID": " 07405"})


@pytest.mark.parametrize("id", ["undefined", "", "-1", "1; DROP TABLE deal", "9" * 30, "١", None, {"0": "1"}])
def test_an_event_without_a_number_names_no_record(id: object) -> None:
    with pytest.raises(UnreadableEvent):
        news("ONCRMDEALADD", {"ID": id})


def test_a_source_may_say_itself_how_its_events_name_records(monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = ModuleType("tasks")
    tasks.__dict__.update(
        key="tasks", entity="task", events=("OnTaskUpdate",), fetch=None,
        key_of=lambda fields: next((side["ID"] for side in fields.values() if isinstance(side, dict)), None),
    )  # fmt: skip
    monkeypatch.setattr(events, "modules", lambda _package: (tasks,))
    monkeypatch.setattr(events, "listeners", events.listeners.__wrapped__)
    assert news("ONTASKUPDATE", {"FIELDS_BEFORE": "undefined", "FIELDS_AFTER": {"ID": "5"}}) == News("task", "5")
    with pytest.raises(UnreadableEvent):
        news("ONTASKUPDATE", {"FIELDS_BEFORE": "undefined"})
