"""Whom a file means: an id, a name in either order, a name with more words than we know, or what was chosen once. Pure.

Bitrix24 tells the app no e-mail addresses (they need a wider permission), so an address means somebody once an
administrator has said whom; so does a nickname, or the name another program has for them.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

UNKNOWN, AMBIGUOUS, ADDRESS = "unknown_person", "ambiguous_person", "address"
NO_DEPARTMENT, AMBIGUOUS_DEPARTMENT = "unknown_department", "ambiguous_department"


def plain(text: str) -> str:
    """Without what two spellings of a name differ in: case, dots, spaces, ё."""
    return " ".join(text.casefold().replace("ё", "е").replace(".", " ").replace(",", " ").split())


@dataclass
class People:
    """The names of a portal's people and departments, and what texts were said to mean."""

    employees: Mapping[int, str]
    departments: Mapping[int, str]
    chosen: Mapping[str, int] = field(default_factory=dict)
    """plain text -> employee"""
    _found: dict[tuple[bool, str], int | str] = field(default_factory=dict)

    def find(self, text: str, is_employee: bool = True) -> int | str:
        """An id, or the code of what is wrong."""
        if (is_employee, text) not in self._found:
            self._found[is_employee, text] = self._employee(text) if is_employee else self._department(text)
        return self._found[is_employee, text]

    def _employee(self, text: str) -> int | str:
        if text.isascii() and text.isdecimal():
            return int(text) if int(text) in self.employees else UNKNOWN
        name = plain(text)
        words = frozenset(name.split())
        found = self._by_words.get(words, ())
        if len(found) == 1:  # nobody says that somebody's name means another
            return found[0]
        if name in self.chosen and self.chosen[name] in self.employees:
            return self.chosen[name]
        if "@" in text:
            return ADDRESS
        if not found:  # `Ivanov Ivan Petrovich` for whom Bitrix24 calls Ivan Ivanov
            found = [id for known, ids in self._by_words.items() if len(known) > 1 and known < words for id in ids]
        return found[0] if len(found) == 1 else AMBIGUOUS if found else UNKNOWN

    def _department(self, text: str) -> int | str:
        if text.isascii() and text.isdecimal():
            return int(text) if int(text) in self.departments else NO_DEPARTMENT
        found = [id for id, name in self.departments.items() if plain(name) == plain(text)]
        return found[0] if len(found) == 1 else AMBIGUOUS_DEPARTMENT if found else NO_DEPARTMENT

    @cached_property
    def _by_words(self) -> Mapping[frozenset[str], list[int]]:
        found: dict[frozenset[str], list[int]] = defaultdict(list)
        for id, name in sorted(self.employees.items()):
            found[frozenset(plain(name).split())].append(id)
        return found
