"""The recipes of docs/connectors: what they send is what the API takes, what they export is recognised."""

import re
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from b24app.ingest.imports import reading, recognised
from b24app.lib import exact
from b24app.web.api.shapes import EntryList

DOCS = Path(__file__).parents[2] / "docs"
LANGUAGES = ("en", "ru")


def blocks(language: str, kind: str) -> list[str]:
    text = (DOCS / f"connectors.{language}.md").read_text("utf-8")
    return re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_api_takes_what_the_recipes_send(language: str) -> None:
    sent = [TypeAdapter(EntryList).validate_python(exact.loads(one.encode())) for one in blocks(language, "json")]
    keys = [item.key for items in sent for item in items]
    assert len(keys) == len(set(keys)) == 6


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_exchange_file_of_1c_is_recognised(language: str) -> None:
    (sample,) = blocks(language, "csv")
    content = sample.encode("cp1251")
    heads, *_rows = reading.lines(content, reading.look("1c.csv", content))
    assert recognised.roles(heads.cells) == ("key", "day", "employee", "value", "comment")


def test_both_languages_have_the_same_recipes() -> None:
    assert len({(len(blocks(language, "json")), len(blocks(language, "bsl"))) for language in LANGUAGES}) == 1
