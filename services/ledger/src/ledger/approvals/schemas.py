"""Wire types of maker and checker."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from common.text import PlainText
from common.web.openapi import example
from common.wire import Wire
from ledger.journal.schemas import PROPOSAL_EXAMPLE, ProblemOut, ProposalOut

MOST_AT_ONCE = 1_000
ProposalStatus = Literal["waiting", "approved", "refused", "withdrawn"]


class ApprovalRuleIn(Wire):
    """Entries of a kind on a fund or below it, from an amount on, need a second person 须复核."""

    kind: Annotated[str, Field(pattern=r"^(\*|[a-z][a-z_]{1,39})$", max_length=40)]
    """The kind of entry, e.g. `payment`; `*` means every kind 业务种类."""
    fund: Annotated[str, Field(pattern=r"^(\*|[a-z][a-z0-9_.]{0,63})$", max_length=64)]
    """The fund, those below it included; `*` means every fund 基金."""
    from_fen: Annotated[int, Field(strict=True, ge=0, le=10**15)]
    """From this amount on: the entry's debits on the basis on which they are largest 起点金额（分）."""


_RULES = {"rules": [{"kind": "payment", "fund": "*", "from_fen": 5_000_000}]}


class ApprovalRulesIn(Wire):
    """All rules of the book; they replace the ones before. None means: nothing needs a second person by rule."""

    model_config = example(_RULES)

    rules: Annotated[list[ApprovalRuleIn], Field(max_length=200)]


class ApprovalRulesOut(Wire):
    """A version of the rules, with its place in the chain."""

    model_config = example(
        {**_RULES, "set_by": "admin-1", "set_at": "2026-01-02T02:11:09.318204Z", "position": 10},
    )

    rules: list[ApprovalRuleIn]
    set_by: str
    set_at: AwareDatetime
    position: int


class ApprovalRulesHistory(Wire):
    """The rules in force, and every version there was, newest first."""

    model_config = example({"rules": _RULES["rules"], "versions": []})

    rules: list[ApprovalRuleIn]
    versions: list[ApprovalRulesOut]


class ApprovalIn(Wire):
    """The approval of a proposal 复核通过: what it asks for is done now."""

    model_config = example({})


class RefusalIn(Wire):
    """The refusal of a proposal 退回."""

    model_config = example({"reason": "附件不全"})

    reason: PlainText


class WithdrawalIn(Wire):
    """The withdrawal of a proposal by who prepared or sent it 撤回."""

    model_config = example({"reason": "金额录入错误"})

    reason: PlainText | None = None


class BulkApprovalIn(Wire):
    """The approval of many proposals. ``atomic``: all of them or none."""

    model_config = example({"ids": [PROPOSAL_EXAMPLE["id"]], "atomic": False})

    ids: Annotated[list[UUID], Field(min_length=1, max_length=MOST_AT_ONCE)]
    atomic: bool = False


_DECIDED: dict[str, object] = {
    "id": PROPOSAL_EXAMPLE["id"],
    "status": "approved",
    "decided_by": "checker-1",
    "reason": None,
    "decided_at": "2026-03-05T09:00:00.000000Z",
    "decision_position": 42,
    "entry": "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f0",
    "seq": 31,
}


class DecidedProposal(Wire):
    """A proposal that was decided just now, with its decision's place in the chain."""

    id: UUID
    status: Literal["approved", "refused", "withdrawn"]
    decided_by: str
    reason: str | None
    decided_at: AwareDatetime
    decision_position: int
    entry: UUID | None
    """The entry the approval posted."""
    seq: int | None


class Decided(Wire):
    """The answer of a refusal or a withdrawal."""

    model_config = example(
        {"proposal": {**_DECIDED, "status": "refused", "reason": "附件不全", "entry": None, "seq": None}}
    )

    proposal: DecidedProposal


class Approved(Wire):
    """The answer of an approval: the decision, and what the operation itself answers."""

    model_config = example({"proposal": _DECIDED, "result": {"id": _DECIDED["entry"], "seq": 31}})

    proposal: DecidedProposal
    result: dict[str, object]


class ApprovalResult(Wire):
    """What became of one approval of a bulk call."""

    status: Literal["approved", "replayed", "refused", "not_attempted"]
    approval: Approved | None = None
    """With ``approved`` and ``replayed``."""
    problem: ProblemOut | None = None
    """With ``refused``."""


class BulkApproved(Wire):
    """One result per proposal, in the order of the request."""

    model_config = example({"results": [{"status": "not_attempted"}]})

    results: list[ApprovalResult]


class ProposalFull(ProposalOut):
    """A proposal with its decision, if there is one."""

    model_config = example(
        {
            **PROPOSAL_EXAMPLE,
            "decided_by": None,
            "reason": None,
            "decided_at": None,
            "decision_position": None,
            "entry": None,
            "seq": None,
        }
    )

    decided_by: str | None
    reason: str | None
    decided_at: AwareDatetime | None
    decision_position: int | None
    entry: UUID | None
    seq: int | None


class ProposalDetail(ProposalFull):
    """A proposal with what it was asked with."""

    model_config = example(
        {
            **PROPOSAL_EXAMPLE,
            "decided_by": None,
            "reason": None,
            "decided_at": None,
            "decision_position": None,
            "entry": None,
            "seq": None,
            "arguments": {"fund": "repair", "body": {"amount_fen": 1_200_000, "effective_on": "2026-03-05"}},
        }
    )

    arguments: dict[str, object]
    """What its address named and what it said; people and conditions are not part of it."""
