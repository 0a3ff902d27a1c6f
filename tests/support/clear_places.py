"""Where personal data could come out in the clear, each with a way to plant a value there that a scan must find.

`EXPORTS` is kept by hand: every answer of either service that is a file. A test compares it with the services' own API documents.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.support.privacy_scan import Finding, Known, scan_bytes

XLSX_MARK: Final = b"PK\x03\x04"


class Export(NamedTuple):
    """A file a service gives out: its path, the queries to ask for, or why it may hold clear values."""

    service: str
    path: str
    queries: tuple[dict[str, str], ...] = ({},)
    clear_because: str = ""


def _files(**query: str) -> tuple[dict[str, str], ...]:
    return tuple({**query, "format": form} for form in ("csv", "xlsx"))


_YEAR: Final = {"from": "2021-01-01", "to": "2021-12-31"}
_ACCOUNT: Final = {"fund": "insurance", "account": "1002"}
EXPORTS: Final = (
    Export(
        "ledger",
        "/audit/journal",
        tuple({**_YEAR, "format": form} for form in ("jsonl", "csv", "hledger", "beancount")),
    ),
    Export("ledger", "/journal-entries/{id}/voucher", ({"format": "html"}, *_files())),
    Export("ledger", "/payment-lists/template", ({"operation": "award"},)),
    Export("ledger", "/reports/account-balances", _files(fiscal_year="2021")),
    Export("ledger", "/reports/account-ledger", _files(**_ACCOUNT, **_YEAR)),
    Export("ledger", "/reports/execution-by-purpose", _files(fiscal_year="2021")),
    Export("ledger", "/reports/execution-by-source", _files(fiscal_year="2021")),
    Export("ledger", "/reports/fund-execution", _files(fiscal_year="2021")),
    Export("ledger", "/reports/general-ledger", _files(fiscal_year="2021")),
    Export("ledger", "/reports/receipts-and-payments", _files(fiscal_year="2021")),
    Export("ledger", "/reports/subsidiary-ledger", _files(**_ACCOUNT, fiscal_year="2021")),
    Export("ledger", "/reports/trial-balance", _files()),
    Export("claims", "/claims/{claim_id}/decision/letter"),
    Export(
        "claims",
        "/claims/{claim_id}/documents/{document_id}",
        clear_because="it is the document itself, for who may see it; each download is on record",
    ),
    Export("claims", "/households/export", _files()),
    Export(
        "claims",
        "/households/exports",
        clear_because="everything shown, for who may unmask and says why; each export is on record with its reason",
    ),
    Export(
        "claims",
        "/import-jobs/{job_id}/refused-rows/file",
        clear_because="the rows somebody handed in, given back to be corrected; each file is on record",
    ),
    Export(
        "claims",
        "/payout-batches/{batch_id}/bank-file",
        clear_because="the bank pays to the account it names; each issue is on record",
    ),
    Export("claims", "/reports/ageing", _files()),
    Export("claims", "/reports/claims", _files(by="status")),
    Export("claims", "/reports/programme-results", _files()),
    Export("claims", "/reports/refusal-reasons", _files()),
)


def file_endpoints(document: Mapping[str, Any]) -> set[str]:
    """The paths below the book whose answer, by the API document, is or can be a file."""
    found = set()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            media = {
                name
                for status, answer in operation["responses"].items()
                if status.startswith("2")
                for name in answer.get("content", {})
            }
            if path.startswith("/v1/books/{book}/") and media - {"application/json"}:
                found.add(path.removeprefix("/v1/books/{book}"))
    return found


def scan_file(place: str, content: bytes, known: Known) -> set[Finding]:
    """Search a file; of a workbook, every part inside it."""
    if not content.startswith(XLSX_MARK):
        return scan_bytes(place, content, known)
    return {
        finding
        for name, part in _parts(content)
        for finding in scan_bytes(f"{place}/{name}", part, known)
        if name.endswith((".xml", ".rels"))
    }


def scan_folder(folder: Path, known: Known, names: Iterable[Path] | None = None) -> set[Finding]:
    """Search every file below a folder, or those named."""
    files = [path for path in (folder.rglob("*") if names is None else names) if path.is_file()]
    return {finding for path in files for finding in scan_file(path.name, path.read_bytes(), known)}


def with_planted(content: bytes, value: str) -> bytes:
    """The same file with a value in it, where its reader would see it: in the last line, or in a sheet of a workbook."""
    if not content.startswith(XLSX_MARK):
        return content + f"\n{value}\n".encode()
    planted = io.BytesIO()
    with zipfile.ZipFile(planted, "w", zipfile.ZIP_DEFLATED) as target:
        for name, part in _parts(content):
            cell = f'<c r="Z9" t="inlineStr"><is><t>{value}</t></is></c></row>'.encode()
            target.writestr(name, part.replace(b"</row>", cell, 1) if "worksheets/" in name else part)
    return planted.getvalue()


def _parts(content: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(content)) as workbook:
        for name in workbook.namelist():
            yield name, workbook.read(name)


PLANT: Final = """
CREATE TEMP TABLE planted (place text);
SET session_replication_role = replica;
DO $$
DECLARE
    t record; c record; filled boolean;
BEGIN
    FOR t IN SELECT table_name AS name FROM information_schema.tables
        WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name <> 'alembic_version' LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I)', t.name) INTO filled;
        CONTINUE WHEN NOT filled;
        FOR c IN SELECT column_name AS name, data_type AS type FROM information_schema.columns
            WHERE table_schema = 'public' AND table_name = t.name AND data_type IN ('text', 'bytea', 'jsonb')
            AND is_generated = 'NEVER' LOOP
            BEGIN
                EXECUTE format('UPDATE %1$I SET %2$I = %3$s WHERE ctid = (SELECT ctid FROM %1$I LIMIT 1)', t.name, c.name,
                    CASE c.type WHEN 'text' THEN quote_literal('@@') WHEN 'jsonb' THEN quote_literal('"@@"')
                    ELSE 'convert_to(''@@'', ''UTF8'')' END);
                INSERT INTO planted VALUES (t.name || '.' || c.name);
                EXIT;
            EXCEPTION WHEN OTHERS THEN NULL;
            END;
        END LOOP;
    END LOOP;
END $$;
SELECT place FROM planted ORDER BY place;
"""
"""Writes @@ into one column of one row of every table that has rows, past every trigger, as only the server's owner could."""


def planting(value: str) -> str:
    """The script that plants a value in every table."""
    return PLANT.replace("@@", value)


def as_json(value: object) -> bytes:
    """What an answer with this value would be."""
    return json.dumps({"detail": value}).encode()
