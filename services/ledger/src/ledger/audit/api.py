"""HTTP of the audit room: the chain's head and verification, and the journal as a stream."""

from typing import Annotated

from fastapi import Depends, Query
from fastapi.responses import StreamingResponse

from common.auth import Principal, require
from common.dates import BusinessDate
from common.paging import QueryInteger
from common.text import BookCode
from common.web import Router
from ledger.audit import service, verification
from ledger.audit.rules import Head
from ledger.audit.schemas import ChainHeadOut, VerificationOut
from ledger.audit.service import ExportQuestion, Format
from ledger.audit.verification import VerificationQuestion
from ledger.context import Ctx
from ledger.journal.chain import SUITE

router = Router(prefix="/v1/books/{book}", tags=["audit"])

Reader = Depends(require("ledger:read", "audit:export"))
Seq = Annotated[QueryInteger | None, Query(ge=1, lt=2**63)]
Position = Annotated[
    QueryInteger | None,
    Query(ge=1, lt=2**63, description="The chain must reach this position, noted earlier. 先前记下的链位置。"),
]
Hash = Annotated[
    str | None,
    Query(pattern="^[0-9a-f]{64}$", description="The hash noted with expect_position. 当时记下的哈希值。"),
]

_EXPORT_EXAMPLE = (
    '{"book":"610923","seq":1,"id":"01957c6e-9a77-7d21-8c55-6b1f0e2d3c4b","kind":"receipt","effective_on":"2026-01-12","postings":'
    '[{"line":1,"fund":"repair","account":"1002","basis":"financial","side":"debit","amount_fen":500000000,"red":false}]}\n'
)


@router.get("/chain", dependencies=[Reader])
async def get_chain(book: BookCode, context: Ctx) -> ChainHeadOut:
    """Read where the book's chain stands."""
    return _head_out(await verification.chain_head(context.database, book))


@router.get("/chain/verification", dependencies=[Reader])
async def verify_chain(
    book: BookCode,
    context: Ctx,
    from_seq: Seq = None,
    to_seq: Seq = None,
    expect_position: Position = None,
    expect_hash: Hash = None,
) -> VerificationOut:
    """Recompute the hashes of all records, or of those from one entry to another, from what is stored.

    With a position and hash noted earlier, a rewritten or cut-off tail is found too.
    """
    expected = None if expect_hash is None else bytes.fromhex(expect_hash)
    question = VerificationQuestion(from_seq, to_seq, expect_position, expected)
    found = await verification.verify_chain(context.database, book, question)
    return VerificationOut(
        verified=found.broken_position is None,
        records=found.records,
        head=_head_out(found.head),
        first_broken_position=found.broken_position,
    )


@router.get(
    "/audit/journal",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "The entries as a stream, by effective date and seq.",
            "content": {
                "application/jsonl": {"schema": {"type": "string"}, "example": _EXPORT_EXAMPLE},
                "text/csv": {"schema": {"type": "string"}, "example": "book,seq,id\r\n610923,1,01957c6e-9a77\r\n"},
                "text/plain": {"schema": {"type": "string"}, "example": '2026-01-12 * "中央资金到账"\n'},
            },
        }
    },
)
async def export_journal(
    book: BookCode,
    principal: Annotated[Principal, Depends(require("audit:export"))],
    context: Ctx,
    first_day: Annotated[
        BusinessDate | None, Query(alias="from", description="First day; the book's first by default. 起始日期。")
    ] = None,
    last_day: Annotated[
        BusinessDate | None, Query(alias="to", description="Last day; today by default. 截止日期。")
    ] = None,
    format_name: Annotated[Format, Query(alias="format", description="What the text is. 导出格式。")] = "jsonl",
) -> StreamingResponse:
    """Stream the entries effective in a range of days, as JSON Lines, CSV, hledger or Beancount text.

    The stream holds no entry posted after it was asked for. docs/audit-exports.md describes the formats.
    """
    question = ExportQuestion(first_day, last_day, format_name, principal.sub)
    export = await service.export_journal(context.database, book, question)
    return StreamingResponse(
        export.pieces,
        media_type=export.media_type,
        headers={"Content-Disposition": f'attachment; filename="{export.file_name}"'},
    )


def _head_out(head: Head) -> ChainHeadOut:
    return ChainHeadOut(position=head.position, seq=head.seq, hash=head.hash.hex(), suite=SUITE)
