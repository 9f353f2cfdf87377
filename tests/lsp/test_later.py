"""What is asked for many times is done once, and not later than it was asked for."""

from __future__ import annotations

import asyncio

from pivot_lsp.later import Later


def test_what_may_wait_comes_with_what_may_not() -> None:
    async def play() -> int:
        done = 0

        def action() -> None:
            nonlocal done
            done += 1

        later = Later(0.0, action)
        later.now()
        later.ask(apart_s=1000)
        later.ask(apart_s=1000)
        later.ask()
        while done < 2:
            await asyncio.sleep(0)
        later.ask(apart_s=1000)
        for _ in range(10):
            await asyncio.sleep(0)
        later.drop()
        return done

    assert asyncio.run(play()) == 2
