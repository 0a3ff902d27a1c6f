"""HTTP of payment lists."""

import csv
import io
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.responses import Response

from common.auth import Principal, require
from common.dates import BusinessDate
from common.errors import NOT_FOUND, preferred_language
from common.text import BookCode
from common.web import JsonResponse, Router, responses
from common.web.uploads import uploaded, uploaded_file
from ledger.context import DRY_RUN_HEADER, Ctx, DryRun
from ledger.funds.schemas import FundCode
from ledger.operations.service import Batch, Desk
from ledger.payment_lists import rules, service
from ledger.payment_lists.schemas import Mode, PaymentListOut
from ledger.payment_lists.service import PaymentList
from ledger.problems import BAD_ROWS

Poster = Annotated[Principal, Depends(require("ledger:post"))]
OperationName = Annotated[
    str,
    Query(
        pattern=r"^[a-z][a-z_]{1,39}$",
        description="What every row does, as `GET /operations` names it. 业务。",
        examples=["welfare_wage"],
    ),
]


def router_of(desk: Desk) -> Router:
    """Return the router of payment lists of the catalogue's operations."""
    router = Router(prefix="/v1/books/{book}/payment-lists", tags=["operations"])

    @router.post(
        "",
        response_model=PaymentListOut,
        responses=responses(NOT_FOUND, BAD_ROWS),
        openapi_extra=uploaded("The list: CSV (UTF-8 or GB18030) or XLSX, up to 10,000 rows. 发放清单文件。"),
    )
    async def create_payment_list(
        context: Ctx,
        request: Request,
        book: BookCode,
        principal: Poster,
        operation: OperationName,
        fund: Annotated[FundCode, Query(description="The fund that does it. 基金。")],
        mode: Annotated[
            Mode, Query(description="`all`: every row or none; `good`: what can be done. 全部办理或仅办理可办的行。")
        ] = "all",
        effective_on: Annotated[
            BusinessDate | None, Query(description="Date of the rows that name none. 未写日期的行的日期。")
        ] = None,
        *,
        dry_run: DryRun = False,
    ) -> Response:
        """Do a list of payments from a file 发放清单: every row is one operation, and each row is done once however often it comes.

        Two rows are the same when all they say is the same; the second of two equal rows of a file is the second of every file.
        Give them a reference to tell them apart. `GET /payment-lists/template` has the headings. Rows need no idempotency key.
        With `dry_run` the answer is a preview: what would become of every row, and every bad row whatever the mode.
        """
        prefix = request.url.path.removesuffix("/payment-lists") + "/funds"
        batch = Batch(book, prefix, context.fingerprint_secret, principal, dry_run=dry_run)
        wish = PaymentList(operation, fund, await uploaded_file(request), mode, effective_on)
        language = preferred_language(request.headers.get("accept-language"))
        told = await service.take_list(context.database, context.engine, desk, batch, wish, language)
        return JsonResponse(told, headers={DRY_RUN_HEADER: "true"} if dry_run else None)

    @router.get(
        "/template",
        response_class=Response,
        responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "The headings."}},
        dependencies=[Depends(require("ledger:read"))],
    )
    async def get_payment_list_template(book: BookCode, operation: OperationName) -> Response:
        """Download an empty list of an operation 空白清单: a CSV with its headings, which a spreadsheet program opens."""
        del book
        columns = rules.columns_of(service.operation_named(desk, operation))
        text = io.StringIO(newline="")
        csv.writer(text).writerow([column.zh for column in columns])
        headers = {"Content-Disposition": f'attachment; filename="{operation}.csv"'}
        return Response(text.getvalue().encode("utf-8-sig"), media_type="text/csv; charset=utf-8", headers=headers)

    return router
