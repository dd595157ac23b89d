"""View models as the dashboards' queries give them, made by hand: a sales team in November 2026."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

from b24app.ingest.imports.tables import ImportFile
from b24app.lib import i18n
from b24app.lib.clock import epoch
from b24app.outcomes.dashboards.ledger import Ledger, Line, Sheet
from b24app.outcomes.dashboards.ledger import Row as Row_
from b24app.outcomes.dashboards.panel import (
    ChangeRow,
    Changes,
    LateRecords,
    LateRow,
    NotCounted,
    RecordLink,
    Why,
    WhyFact,
)
from b24app.outcomes.dashboards.rules import (
    Card,
    Company,
    DepartmentRow,
    Dynamics,
    Number,
    Others,
    Point,
    Row,
    Series,
    Team,
    TeamRow,
)
from b24app.outcomes.dashboards.tabs import DealGives, DealSummary, DealTab, SyncEntity, SyncState
from b24app.outcomes.notifications.queries import Sending
from b24app.periods.rules import Kind, Settings, custom, period_at, previous
from b24app.portal.rules import COMPANY, Person, Structure, Subject, Unit, Viewer, department, employee
from b24app.scorecards import documents, library
from b24app.scorecards.rules import Indicator, Version

ANNA, BORIS, VERA, GLEB = 7, 8, 9, 10
NAMES = {ANNA: "Anna Snelling", BORIS: "Boris Faz", VERA: "Vicki Laflamme", GLEB: "Gladys Colclough"}
WEST = 5

ADMIN = Viewer(1, 1, is_admin=True)
HEAD = Viewer(1, VERA, employees=frozenset(NAMES), departments=frozenset({WEST}))
EMPLOYEE = Viewer(1, ANNA)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SETTINGS = Settings("Europe/Moscow")
NOVEMBER = period_at(Kind.MONTH, date(2026, 11, 23), SETTINGS)
DAYS = custom(date(2026, 11, 2), date(2026, 11, 21))

WORDS = {
    "Revenue": "Выручка",
    "Amount of deals won, by who won them": "Сумма выигранных сделок у того, кто их выиграл",
    "New clients": "Новые клиенты",
    "First deals won with a client": "Первые выигранные сделки с клиентом",
    "Conversion": "Конверсия",
    "Won deals out of all closed ones, in percent": "Доля выигранных среди всех закрытых сделок",
    "Meetings": "Встречи",
    "Meetings marked as held": "Проведённые встречи",
    "Sales": "Отдел продаж",
    "West": "Запад",
    "Company": "Компания",
    "No deal was closed in this period yet.": "В этом периоде ещё не закрыта ни одна сделка.",
    "Sum of the amounts of 96 won deals": "Сумма по 96 выигранным сделкам",
    "450 000 of 500 000 is 90 %": "450 000 от 500 000 — это 90 %",
    "90 % with weight 40 of 100 gives 36 points": "90 % с весом 40 из 100 дают 36 баллов",
    "Closed on 1 December": "Закрыта 1 декабря",
    "The deal has no amount.": "У сделки нет суммы.",
    "Negotiation": "Переговоры",
    "Won": "Успешна",
    "The client has bought before.": "Клиент уже покупал раньше.",
}


def say(words: str) -> str:
    return WORDS[words] if i18n.language() == "ru" else words


def before(*values: int | None) -> tuple[Point, ...]:
    periods = [previous(NOVEMBER, SETTINGS)]
    while len(periods) < len(values):
        periods.insert(0, previous(periods[0], SETTINGS))
    exact = [None if value is None else Fraction(value) for value in values]
    return tuple(Point(one, value, None) for one, value in zip(periods, exact, strict=True))


def row(code: str, name: str, rule: str, unit: str, value: int | None, target: int | None, weight: int, **more) -> Row:
    currency = "RUB" if unit == "money" else None
    share = Fraction(100 * value, target) if value is not None and target else None
    to_go = Fraction(target - value) if share is not None and share < 100 else None
    has_pace = value is not None and unit != "percent"
    defaults = {
        "expected_share": Fraction(71, 100) if has_pace else None,
        "forecast": Number(Fraction(value) * 100 / 71, unit, currency) if has_pace else None,
        "forecast_by": "line" if has_pace else None,
        "needed_per_day": None,
        "at_risk": False,
        "small_sample": False,
        "reason": None if value is not None else say("No deal was closed in this period yet."),
        "history": before(310_000, 405_000, 380_000, None, 520_000, 498_000)
        if currency
        else before(7, 12, 9, 14, 12, 11),
    }
    return Row(
        code=code,
        name=say(name),
        rule=say(rule),
        number=Number(None if value is None else Fraction(value), unit, currency),
        target=Number(Fraction(target), unit, currency) if target else None,
        attainment=share and min(share, Fraction(150)),
        attainment_raw=share,
        weight=Decimal(weight),
        zone="none" if share is None else "done" if share >= 100 else "close" if share >= 80 else "behind",
        direction="up",
        to_go=to_go and Number(to_go, unit, currency),
        facts=value or 0,
        capped=bool(share and share > 150),
        **{**defaults, **more},
    )


def rows(revenue: int = 270000, clients: int = 12, conversion: int | None = 15, meetings: int = 24) -> tuple[Row, ...]:
    """The sales template of the worked example, semantics 8."""
    return (
        row("revenue", "Revenue", "Amount of deals won, by who won them", "money", revenue, 500000, 40,
            needed_per_day=Number(Fraction(max(500000 - revenue, 0), 8), "money", "RUB"), at_risk=revenue < 300000),
        row("new_clients", "New clients", "First deals won with a client", "count", clients, 10, 25,
            forecast_by="season"),
        row("conversion", "Conversion", "Won deals out of all closed ones, in percent", "percent", conversion, 15, 20,
            small_sample=True),
        row("meetings", "Meetings", "Meetings marked as held", "count", meetings, 30, 15,
            needed_per_day=Number(Fraction(max(30 - meetings, 0), 8), "count")),
    )  # fmt: skip


def card(**changes) -> Card:
    shown = rows()
    return replace(
        Card(
            subject=employee(ANNA),
            subject_name=NAMES[ANNA],
            photo_url=None,
            scorecard_code="sales",
            scorecard_name=say("Sales"),
            scorecards=(("sales", say("Sales")),),
            period=NOVEMBER,
            previous=previous(NOVEMBER, SETTINGS),
            following=None,
            period_kinds=tuple(Kind),
            own_kind=Kind.MONTH,
            score=Fraction(8360, 100),
            zone="close",
            rank=3,
            ranked=30,
            preliminary=False,
            rows=shown,
            working_days_left=8,
            complete=True,
            computed_at=NOW,
            is_open=True,
            headline=shown[0],
        ),
        **changes,
    )


def empty_card() -> Card:
    return card(
        scorecard_code=None,
        scorecard_name="",
        scorecards=(),
        score=None,
        zone="none",
        rank=None,
        rows=(),
        headline=None,
    )


def early_card() -> Card:
    """The first days while the portal is still being read: little data, no place."""
    shown = (*rows()[:1], *rows(clients=0, conversion=None, meetings=0)[1:])
    return card(rows=shown, score=Fraction(54), zone="behind", rank=None, preliminary=True, complete=False)


def person(id: int, score: str | None, rank: int | None, cells: tuple[Row, ...], at_risk: bool = False) -> TeamRow:
    exact = None if score is None else Fraction(score)
    zone = "none" if exact is None else "done" if exact >= 100 else "close" if exact >= 80 else "behind"
    return TeamRow(employee(id), NAMES[id], None, exact, zone, rank, exact is None, at_risk, cells)


def team(**changes) -> Team:
    people = (
        person(BORIS, "61.2", 4, rows(190000, 7, 12, 15), at_risk=True),
        person(ANNA, "83.6", 3, rows()),
        person(VERA, "99.996", 2, rows(498500, 9, 16, 31)),
        person(GLEB, "118.4", 1, rows(812000, 14, 19, 33)),
    )
    return replace(
        Team(
            department=WEST,
            department_name=say("West"),
            departments=((1, say("Company"), 0), (WEST, say("West"), 1)),
            scorecard_code="sales",
            scorecard_name=say("Sales"),
            scorecards=(("sales", say("Sales")),),
            period=NOVEMBER,
            previous=previous(NOVEMBER, SETTINGS),
            following=None,
            period_kinds=tuple(Kind),
            own_kind=Kind.MONTH,
            indicators=tuple((one.code, one.name, one.number.unit) for one in rows()),
            people=people,
            departments_rows=(
                TeamRow(
                    department(WEST),
                    say("West"),
                    None,
                    Fraction(92),
                    "close",
                    1,
                    False,
                    False,
                    rows(1770500, 42, 16, 103),
                ),
            ),
            total=TeamRow(
                department(WEST), say("West"), None, Fraction(92), "close", 1, False, False, rows(450000, 12, 15, 24)
            ),
            ranked=4,
            working_days_left=8,
            complete=True,
            computed_at=NOW,
            is_open=True,
            found=len(people),
            everybody=len(people),
            at_risk=1,
        ),
        **changes,
    )


def series(subject: Subject, name: str, *values: int | None) -> Series:
    return Series(subject, say(name), tuple(replace(one, target=Fraction(500_000)) for one in before(*values)))


def company(**changes) -> Company:
    shown = team()
    months = (310_000, 405_000, 380_000, None, 520_000, 498_000)
    west = TeamRow(
        department(WEST), say("West"), None, Fraction(92), "close", 1, False, False, rows(200_000, 6, 16, 12)
    )
    return replace(
        Company(
            scorecard_code="sales",
            scorecard_name=say("Sales"),
            scorecards=(("sales", say("Sales")), ("support", say("West"))),
            period=NOVEMBER,
            previous=shown.previous,
            following=None,
            period_kinds=tuple(Kind),
            own_kind=Kind.MONTH,
            indicators=shown.indicators,
            total=shown.total._replace(subject=COMPANY, name=say("Company"), cells=rising(rows(400_000))),
            departments=(DepartmentRow(west, 1, (Fraction(50), Fraction(50), None, Fraction(50))),),
            others=(Others(say("Revenue"), Number(Fraction(200_000), "money", "RUB"), Fraction(50), 12),),
            dynamics=Dynamics("revenue", say("Revenue"), "money", "RUB", series(COMPANY, "Company", *months),
                (series(department(WEST), "West", *months),)),
            working_days_left=8,
            complete=True,
            computed_at=NOW,
            is_open=True,
        ),
        **changes,
    )  # fmt: skip


def rising(cells: tuple[Row, ...]) -> tuple[Row, ...]:
    """The first of them more than in the period before."""
    first = cells[0]
    more = first._replace(
        before=Number(Fraction(390_000), "money", "RUB"), change=Number(Fraction(9_000), "money", "RUB")
    )
    return (more, *cells[1:])


def fact(id: int, **changes) -> WhyFact:
    plain = WhyFact(
        "deal", id, f"GTX Pro, Kan-code #{id}", Fraction(4821), Fraction(4821), None, "RUB", None,
        datetime(2026, 11, 1 + id % 20, 9, 30, tzinfo=UTC), NAMES[ANNA], f"/crm/deal/details/{id}/", "value",
    )  # fmt: skip
    return replace(plain, **changes)


ABOUT_ANNA = {
    "subject": employee(ANNA), "subject_name": NAMES[ANNA], "scorecard_code": "sales", "period": NOVEMBER,
}  # fmt: skip


def why(**changes) -> Why:
    in_dollars = fact(7391, amount=Fraction(54992), amount_original=Fraction("611.02"), currency="USD", rate="90")
    facts = (
        fact(7405),
        replace(in_dollars, title="MG Special, Hottechi"),
        *(fact(id) for id in range(7380, 7374, -1)),
    )
    return replace(
        Why(
            **ABOUT_ANNA,
            row=rows(450000)[0],
            rule=say("Amount of deals won, by who won them"),
            steps=(say("Sum of the amounts of 96 won deals"),),
            numerator=Number(Fraction(450000), "money", "RUB"),
            denominator=None,
            facts=facts,
            total=96,
            hidden=3,
            next_cursor="7374",
            attainment_steps=(say("450 000 of 500 000 is 90 %"), say("90 % with weight 40 of 100 gives 36 points")),
        ),
        **changes,
    )


def not_counted() -> NotCounted:
    told = why()
    facts = (
        fact(7501, reason=say("Closed on 1 December")),
        fact(7288, reason=say("The deal has no amount."), amount=None),
    )
    return NotCounted(**ABOUT_ANNA, row=told.row, facts=facts, total=2, hidden=0, next_cursor=None)


def changes(**changes) -> Changes:
    """A deal moved the number, then somebody the target."""
    told = why()
    rouble = {value: Number(Fraction(value), "money", "RUB") for value in (300_000, 450_000, 400_000, 500_000)}
    by_deal = ChangeRow(
        NOW, rouble[300_000], rouble[450_000], rouble[500_000], rouble[500_000], True, False, "Records changed", "",
        (RecordLink("MG Special, Hottechi", "/crm/deal/details/7391/"), RecordLink(None)), 3,
    )  # fmt: skip
    of_target = ChangeRow(
        NOW, rouble[450_000], rouble[450_000], rouble[400_000], rouble[500_000], False, True, "A target was changed",
        NAMES[VERA], (), 0,
    )  # fmt: skip
    made = Changes(
        **ABOUT_ANNA, row=told.row, changes=(of_target, by_deal), is_hidden=False, is_kept=True, next_cursor="17"
    )
    return replace(made, **changes)


def late_records() -> LateRecords:
    row = LateRow(RecordLink("MG Special, Hottechi", "/crm/deal/details/7391/"), (say("Revenue"),), NOW)
    return LateRecords(**ABOUT_ANNA, locked_at=NOW, by=NAMES[VERA], rows=(row,), next_cursor=None)


def gives(code: str, name: str, number: Number, reason: str | None = None) -> DealGives:
    """To Anna, whose score goes from 83.6 to 90."""
    return DealGives(
        "sales", say("Sales"), code, say(name), employee(ANNA), NAMES[ANNA], NOVEMBER, reason is None, number,
        reason and say(reason), Fraction("83.6"), Fraction(90),
    )  # fmt: skip


def deal() -> DealTab:
    summary = DealSummary(
        7405,
        "GTX Pro, Kan-code",
        "open",
        Number(Fraction(32000), "money", "RUB"),
        say("Negotiation"),
        NAMES[ANNA],
        None,
    )
    one = Number(Fraction(1), "count")
    return DealTab(
        summary,
        (
            gives("revenue", "Revenue", Number(Fraction(32000), "money", "RUB")),
            gives("new_clients", "New clients", one, "The client has bought before."),
            gives("conversion", "Conversion", one),
        ),
        complete=True,
    )


def sync(done: int = 8800, total: int = 8800, state: str = "idle", error: str | None = None) -> SyncState:
    complete = done == total
    entities = (
        SyncEntity("employee", 41, True, 41, 41, NOW, None),
        SyncEntity("deal", done, complete, done, total, NOW, error),
        SyncEntity("activity", 0 if not complete else 21400, complete, 0, 21400, None, None),
    )
    return SyncState(state, complete, entities, done, total, 0, 0)


def structure() -> Structure:
    people = {id: Person(id, name, "", None, (WEST,), True) for id, name in NAMES.items()}
    return Structure(people, {WEST: Unit(WEST, say("West"), None, VERA, 1, True)})


def scorecard() -> Version:
    """The sales template as a portal keeps it: for one department, without one of its people."""
    template = library.template("sales")
    subjects = {"departments": [WEST], "employees": [GLEB], "exclude": {"departments": [], "employees": [BORIS]}}
    document = documents.parse({**template, "subjects": subjects, "effective_from": "2026-11-01"})
    return Version(
        1, 3, NOVEMBER.start, "system", 0, document, tuple(Indicator(one, one.plan()) for one in document.indicators)
    )


def posts() -> tuple[Sending, ...]:
    """A post that arrived, and one that did not yet."""
    first = Sending(1, "webhook", "kpi_reached", 0, "sent", 1, NOW, NOW, NOW, "200", "")
    late = replace(first, id=2, kind="behind_plan", state="due", attempts=3, sent_at=None, answer="503")
    return replace(late, reason="The address answered with the status 503."), first


DECIDED = {
    "approval_limit": "100000",
    "entry_codes": {"ad_spend": {"name": "Advertising", "money": True, "limit": "5"}},
}
"""What the administrator said of values from outside."""


def ledger() -> Ledger:
    """A value that waits, one that counts, one taken back with its counter-entry, and an amount of money hidden."""
    line = Line(
        id=9, code="visit", name="Visits", is_money=False, value=Fraction(12), kind="add", occurred_at=epoch(NOW),
        whose=NAMES[ANNA], comment="", origin="manual", by=NAMES[VERA], posted_at=epoch(NOW), state="waiting",
        takes_back=False, corrects=False, may_change=True, may_decide=True,
    )  # fmt: skip
    money = replace(line, code="ad_spend", name="Advertising", is_money=True, origin="api", by="")
    lines = (
        line,
        replace(money, id=8, value=Fraction(12000), kind="set", state="counted"),
        replace(line, id=7, state="counter", takes_back=True, comment="Entered twice"),
        replace(line, id=6, state="undone", decided_by=NAMES[VERA], decided_at=epoch(NOW)),
        replace(money, id=5, value=None, state="counted", origin="robot"),
    )
    return Ledger(lines, 5, (("ad_spend", "Advertising"), ("visit", "Visits")), (("7", NAMES[ANNA]),), 1, "RUB")


def sheet() -> Sheet:
    rows = tuple(Row_(f"employee-{id}", name, "") for id, name in NAMES.items())
    departments = (("5", say("West")), ("6", "East"))
    return Sheet(ledger().codes, departments, WEST, (*rows, Row_("department-5", "West", "As a whole")), 3)


IMPORTS = {1: {"state": "checked"}, 2: {"state": "importing", "done": 300, "total": 1000}, 3: {"state": "done"}}


def import_file(**changes: object) -> ImportFile:
    """A file with mistakes in it, in one of the states of IMPORTS."""
    found = {
        "rows": 1200, "new": 1000, "known": 20, "waiting": 3, "wrong": 2, "totals": {"visit": "4000"},
        "faults": [[5, 1, "unknown_person", "Ivanov"], [9, 1, "unknown_person", "Ivanov"], [7, None, "own", ""]],
        "people": {"Ivanov": "unknown_person"},
    }  # fmt: skip
    layout = {"kind": "csv", "encoding": "cp1251", "separator": ";", "sheet": "", "has_heads": True}
    rows = [["Day", "Who", "Visits", ""], ["2026-11-10", "Anna Snelling", "4", "Fair"]]
    known = {
        "id": 1,
        "kind": "entries",
        "name": "visits.csv",
        "layout": layout,
        "head": {"rows": rows, "sheets": []},
        "done": 0,
        "total": 0,
    }
    return ImportFile(**{"state": "checked", "found": found, "created_at": epoch(NOW), **known, **changes})
