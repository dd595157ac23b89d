"""Words, numbers and dates in the reader's language, inside a request and outside of one.

Catalogues are read from the .po files themselves (locale/<lang>/LC_MESSAGES/messages.po): there is no compile step to
forget. Message ids are the English sentences. The current language is a context variable: `with speaking("ru"): ...`.
"""

import gettext as _stdlib
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from b24app.lib.paths import LOCALE

LANGUAGES = ("en", "ru")
DEFAULT = "en"
_current: ContextVar[str] = ContextVar("language", default=DEFAULT)


def choose(language: str | None) -> str:
    """The language of ours nearest to what somebody asks for (`ru`, `ru_RU`, `kz`): Russian for `ru`, else English."""
    code = (language or "").lower().replace("-", "_").split("_")[0]
    return code if code in LANGUAGES else DEFAULT


@contextmanager
def speaking(language: str | None) -> Iterator[str]:
    """Everything inside is said in this language."""
    mark = _current.set(choose(language))
    try:
        yield _current.get()
    finally:
        _current.reset(mark)


def language() -> str:
    return _current.get()


@lru_cache
def _catalogue(code: str) -> _stdlib.NullTranslations:
    path = LOCALE / code / "LC_MESSAGES" / "messages.po"
    if not path.is_file():
        return _stdlib.NullTranslations()
    with path.open("rb") as file:
        catalogue = read_po(file, locale=code)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return _stdlib.GNUTranslations(compiled)


def gettext(message: str, **values: object) -> str:
    """The sentence in the current language, with %(name)s filled in."""
    text = _catalogue(_current.get()).gettext(message)
    return text % values if values else text


def ngettext(one: str, many: str, num: int, **values: object) -> str:
    """The sentence for a number; %(num)s is the number itself."""
    return _catalogue(_current.get()).ngettext(one, many, num) % {"num": num, **values}


def pick(texts: Mapping[str, str] | str | None) -> str:
    """Of a text kept in several languages ({"ru": .., "en": ..}) the current one, else English, else any."""
    if not texts:
        return ""
    if isinstance(texts, str):
        return texts
    return texts.get(_current.get()) or texts.get(DEFAULT) or next(iter(texts.values()))
