"""Every sentence a person can meet exists in Russian, with all plural forms and the same placeholders."""

import re
from functools import cache

import pytest
from babel.messages import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from b24app.lib.i18n import language, ngettext, speaking
from b24app.lib.paths import LOCALE, PACKAGE, TEMPLATES

PLACEHOLDER = re.compile(r"%\((\w+)\)")
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None}


@cache
def russian() -> Catalog:
    with (LOCALE / "ru" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale="ru")


@cache
def sentences() -> frozenset[str | tuple[str, ...]]:
    """All message ids in code and templates; the demo portal speaks for itself."""
    found: set[str | tuple[str, ...]] = set()
    for folder, methods in ((PACKAGE, [("**.py", "python")]), (TEMPLATES, [("**.html", "jinja2")])):
        for file, _, message, _, _ in extract_from_dir(str(folder), methods, keywords=KEYWORDS):
            if not file.startswith("demo/"):
                found.add(message)
    return frozenset(found)


def test_there_is_something_to_translate() -> None:
    assert len(sentences()) > 100


def test_every_sentence_is_translated() -> None:
    missing = sorted(str(message) for message in sentences() if not _translated(russian().get(_id(message))))
    assert not missing, "\n".join(missing)


def test_placeholders_survive_the_translation() -> None:
    for message in russian():
        if message.id:
            expected = set(PLACEHOLDER.findall(message.id if isinstance(message.id, str) else message.id[1]))
            strings = [message.string] if isinstance(message.string, str) else message.string
            assert all(set(PLACEHOLDER.findall(text)) <= expected | {"num"} for text in strings), message.id


@pytest.mark.parametrize(
    ("number", "expected"),
    [(1, "1 запись"), (2, "2 записи"), (5, "5 записей"), (11, "11 записей"), (21, "21 запись"), (112, "112 записей")],
)
def test_russian_has_three_plurals(number: int, expected: str) -> None:
    with speaking("ru"):
        assert ngettext("%(num)s record", "%(num)s records", number) == expected


def test_an_unknown_language_is_english() -> None:
    with speaking("kz"):
        assert language() == "en"
        assert ngettext("%(num)s day", "%(num)s days", 2) == "2 days"


def _id(message: str | tuple[str, ...]) -> str | tuple[str, ...]:
    return message if isinstance(message, str) else tuple(message)


def _translated(message: Message | None) -> bool:
    if message is None or message.fuzzy:
        return False
    return bool(message.string) and (isinstance(message.string, str) or all(message.string))
