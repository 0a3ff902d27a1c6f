"""What the terminal shows of the processes' logs."""

from pathlib import Path

import pytest

from deploy.local.console import Tail, readable


def test_ordinary_lines_stay_in_the_file_and_warnings_are_shown_readably() -> None:
    info = '{"event": "request", "level": "info", "at": "2026-01-01T00:00:00Z", "service": "ledger", "status": 200}'
    warning = '{"event": "pool_busy", "level": "warning", "service": "ledger", "waiting": 3}'
    assert readable(info, everything=False) is None
    assert readable(info, everything=True) == "info request status=200"
    assert readable(warning, everything=False) == "warning pool_busy waiting=3"


def test_of_a_logged_exception_the_last_line_is_shown() -> None:
    line = '{"event": "crashed", "level": "error", "exception": "Traceback\\n  File x\\nValueError: no"}'
    assert readable(line, everything=False) == "error crashed ValueError: no"


@pytest.mark.parametrize("line", ["{broken", "[1, 2]", "Traceback (most recent call last):"])
def test_lines_that_are_not_structured_are_shown_as_they_are(line: str) -> None:
    assert readable(line, everything=False) == line


def test_routine_lines_of_the_database_server_stay_in_the_file() -> None:
    assert readable("2026-01-01 [7] u@d LOG: checkpoint starting", everything=False) is None
    assert readable("2026-01-01 [7] u@d FATAL: no", everything=False) is not None


def test_following_shows_complete_new_lines_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "ledger.log"
    log.write_text("old\n", encoding="utf-8")
    tail = Tail("ledger", log, everything=True)
    with log.open("a", encoding="utf-8") as file:
        file.write("new\nhal")
        file.flush()
        tail.show()
        file.write("f\n")
    tail.show()
    tail.show()
    assert [line[9:] for line in capsys.readouterr().out.splitlines()] == ["ledger    new", "ledger    half"]
