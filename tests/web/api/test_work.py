"""Recompute and jobs."""

from redis import Redis
from rq import Queue

from b24app.jobs import scores
from tests.web.api.conftest import SELLER, Api, paths

NOVEMBER = {"period": "month", "start": "2026-11-01"}


def test_a_recompute_is_begun_watched_and_brings_the_numbers_up_to_date(api: Api, redis: Redis, deals: None) -> None:
    redis.flushall()
    answer = api("POST", "/recompute", NOVEMBER)
    assert answer.status_code == 202
    address = answer.headers["Location"].removeprefix("/api/v1")
    job = api.get(address)["job"]
    assert job == {"id": job["id"], "state": "queued", "done": 0, "total": 0, "error": None}

    (queued,) = Queue("default", connection=redis).jobs
    assert queued.func == scores.recompute_owed
    queued.func(*queued.args)

    job = api.get(address)["job"]
    assert (job["state"], job["done"]) == ("done", job["total"])
    won = api.get("/results", **NOVEMBER, subject_id=SELLER)["items"]
    assert next(item["value"] for item in won if item["indicator"] == "won") == 2


def test_a_period_that_is_none_is_refused(api: Api) -> None:
    for body, path in (
        ({"period": "month"}, "start"),
        ({"period": "custom", "start": "2026-11-01"}, "period"),
        ({"period": "month", "start": "2026-11-02"}, "start"),
        ({**NOVEMBER, "colour": "red"}, "colour"),
    ):
        assert paths(api.problem(422, "POST", "/recompute", body)) == [path]


def test_somebody_elses_job_is_not_there(api: Api, stranger: Api) -> None:
    address = api("POST", "/recompute", NOVEMBER).headers["Location"].removeprefix("/api/v1")
    stranger.problem(404, "GET", address)
    api.problem(404, "GET", "/jobs/unknown")
