from __future__ import annotations

import asyncio
import time
from itertools import pairwise

import pytest

from collectors.http_deadline import Deadlines, HandOver


def test_a_deadline_ends_what_takes_too_long() -> None:
    async def story() -> None:
        with pytest.raises(TimeoutError):
            async with Deadlines().within(0.05):
                await asyncio.Event().wait()

    asyncio.run(story())


def test_time_in_which_the_process_did_not_listen_does_not_count() -> None:
    async def story() -> None:
        deadlines = Deadlines()
        answered = asyncio.Event()

        async def fetch() -> None:
            async with deadlines.within(1.5):
                await answered.wait()

        task = asyncio.create_task(fetch())
        await asyncio.sleep(0)
        time.sleep(1.1)  # another feed is being parsed
        asyncio.get_running_loop().call_later(0.1, answered.set)
        await task

    asyncio.run(story())


def test_even_a_process_that_never_listens_keeps_its_promise() -> None:
    async def story() -> None:
        async def fetch(deadlines: Deadlines) -> None:
            async with deadlines.within(0.3):
                await asyncio.Event().wait()

        task = asyncio.create_task(fetch(Deadlines()))
        for _ in range(4):
            time.sleep(0.2)  # a process that hardly ever listens
            await asyncio.sleep(0)
        with pytest.raises(TimeoutError):
            await task

    asyncio.run(story())


def test_an_inner_deadline_ends_before_the_outer_one() -> None:
    async def story() -> list[str]:
        deadlines = Deadlines()
        log = []
        async with deadlines.within(5):
            try:
                async with deadlines.within(0.05):
                    await asyncio.Event().wait()
            except TimeoutError:
                log.append("inner")
            log.append("outer goes on")
        return log

    assert asyncio.run(story()) == ["inner", "outer goes on"]


def test_nothing_beats_when_no_deadline_is_open() -> None:
    async def story() -> Deadlines:
        deadlines = Deadlines()
        async with deadlines.within(5):
            assert deadlines._beat is not None
        return deadlines

    deadlines = asyncio.run(story())
    assert deadlines._beat is None
    assert not deadlines._open


def test_answers_are_let_out_with_listening_in_between() -> None:
    async def story() -> list[str]:
        hand_over, log = HandOver(), list[str]()

        async def parse(name: str) -> None:
            await hand_over.turn()
            log.append(name)
            time.sleep(0.02)  # parsing

        async def listen() -> None:
            for _ in range(40):
                log.append("listen")
                await asyncio.sleep(0)

        await asyncio.gather(*(parse(f"feed {n}") for n in range(4)), listen())
        return log

    log = asyncio.run(story())
    assert [name for name in log if name != "listen"] == [f"feed {n}" for n in range(4)]
    places = [log.index(f"feed {n}") for n in range(4)]
    assert all("listen" in log[a:b] for a, b in pairwise(places))


def test_answers_that_cost_nothing_are_let_out_at_once() -> None:
    async def story() -> list[str]:
        hand_over, log = HandOver(), list[str]()

        async def take(name: str) -> None:
            await hand_over.turn()
            log.append(name)

        async def listen() -> None:
            log.append("listen")

        await asyncio.gather(*(take("feed") for _ in range(4)), listen())
        return log

    assert asyncio.run(story()) == ["feed"] * 4 + ["listen"]
