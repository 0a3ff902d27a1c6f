"""What a worker does beside its deliveries ends the process when it breaks: a supervisor starts another."""

from __future__ import annotations

import asyncio

import anyio
import pytest

from claims import worker
from claims.worker import WorkerSettings
from common.settings import load_settings

pytestmark = pytest.mark.anyio


async def test_worker_whose_imports_break_ends_with_the_error(
    claims_settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_arguments: object) -> None:
        raise ConnectionRefusedError("no imports")

    monkeypatch.setattr(worker, "run_imports", broken)
    for name, value in claims_settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(asyncio.get_running_loop(), "add_signal_handler", lambda *_: None)
    with anyio.fail_after(60), pytest.raises(ConnectionRefusedError):
        await worker.work(load_settings(WorkerSettings))
