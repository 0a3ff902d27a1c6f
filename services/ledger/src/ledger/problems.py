"""Every refusal the ledger can answer with, besides the ones all services share (``common.errors``).

A code never changes its meaning or status. 409 is a rule or the state of the book, 422 the shape of what was sent. The order in which
several faults of one request are reported is fixed: docs/postings-refusals.md.
"""

from typing import Final

from common.errors import ProblemType

INSUFFICIENT_FUNDS: Final = ProblemType(
    "insufficient_funds",
    409,
    "资金不足",
    "Insufficient funds",
    "记账后该账户余额将为负：{account} 现有 {available_fen} 分，需要 {requested_fen} 分。",
    "The account would stand below zero: {account} has {available_fen} fen, {requested_fen} fen are needed.",
)
PERIOD_CLOSED: Final = ProblemType(
    "period_closed",
    409,
    "会计期间已结账",
    "Period is closed",
    "业务日期所在月份已结账，不能再记账。",
    "The month of the effective date is closed; nothing posts into it.",
)
ALREADY_REVERSED: Final = ProblemType(
    "already_reversed",
    409,
    "已冲销",
    "Already reversed",
    "该凭证已被冲销或退回，只能冲销一次。",
    "The entry was already reversed or returned; it can be undone only once.",
)
REVERSAL_OF_REVERSAL: Final = ProblemType(
    "reversal_of_reversal",
    409,
    "红字凭证不能再冲销",
    "A reversal cannot be reversed",
    "请重新填制正确的凭证。",
    "Post the correct entry anew instead.",
)
TYPED_OPERATION_ENTRY: Final = ProblemType(
    "typed_operation_entry",
    409,
    "须通过原业务操作撤销",
    "Entry was made by a typed operation",
    "该凭证由业务操作生成，只能通过该业务操作撤销。",
    "This entry was made by a typed operation and is undone only through that operation.",
)
ENCUMBRANCE_NOT_OPEN: Final = ProblemType(
    "encumbrance_not_open",
    409,
    "指标冻结已不可用",
    "Encumbrance is not open",
    "该冻结已过期、已支付完毕或已解除。",
    "The encumbrance has expired, is fully liquidated, or was released.",
)
AMOUNT_EXCEEDS_REMAINING: Final = ProblemType(
    "amount_exceeds_remaining",
    409,
    "金额超过冻结余额",
    "Amount exceeds what remains",
    "金额超过该冻结尚未使用的余额。",
    "The amount is larger than what remains of the encumbrance.",
)
BUDGET_LINES_MISSING: Final = ProblemType(
    "budget_lines_missing",
    409,
    "缺少预算会计分录",
    "Budgetary lines are missing",
    "减少银行存款的凭证须同时登记预算会计分录（贷 8001），或注明为非预算事项并说明理由；且不得动用已冻结的资金。",
    "An entry that lowers cash must carry its budgetary lines (credit 8001) or state non_budget with a reason, "
    "and may not use encumbered money.",
)
OUT_OF_ORDER: Final = ProblemType(
    "out_of_order",
    409,
    "顺序不符",
    "Out of order",
    "须按顺序办理。",
    "This must be done in order.",
)
OPENING_ALREADY_POSTED: Final = ProblemType(
    "opening_already_posted",
    409,
    "期初余额已录入",
    "Opening balance already posted",
    "每项基金的期初余额只能录入一次。",
    "The opening balance of a fund is posted once only.",
)
FUND_EXISTS: Final = ProblemType(
    "fund_exists",
    409,
    "基金已存在",
    "Fund already exists",
    "该账套已有此代码的基金。",
    "The book already has a fund of this code.",
)
AMOUNT_OUT_OF_RANGE: Final = ProblemType(
    "amount_out_of_range",
    409,
    "累计金额超出范围",
    "Total out of range",
    "记账后该账户累计发生额将超出系统可记录的范围。",
    "The account's turnover would exceed what the ledger can record.",
)
BOOK_EXISTS: Final = ProblemType(
    "book_exists",
    409,
    "账套已存在",
    "The book exists already",
    "该区划代码的账套已经建立。",
    "There is already a book with this division code.",
)
PERIOD_NOT_ENDED: Final = ProblemType(
    "period_not_ended",
    409,
    "会计期间尚未结束",
    "The period has not ended",
    "月份结束后（北京时间次月一日起）方可结账。",
    "A month can be closed from the first day of the next one (Asia/Shanghai).",
)
UNBALANCED_ENTRY: Final = ProblemType(
    "unbalanced_entry",
    422,
    "借贷不平衡",
    "Unbalanced entry",
    "每项基金、每种核算基础内借方合计须等于贷方合计。",
    "Debits must equal credits within every fund and basis.",
)
UNKNOWN_ACCOUNT: Final = ProblemType(
    "unknown_account",
    422,
    "科目不存在",
    "Unknown account",
    "该基金没有此科目，或没有此基金。",
    "The book has no such fund, or the fund has no such account.",
)
CONTROL_ACCOUNT: Final = ProblemType(
    "control_account",
    422,
    "不能直接登记预算指标科目",
    "Control accounts are not posted to directly",
    "预算指标科目只能由业务操作登记。",
    "Control accounts move only through typed operations.",
)

COUNTERPART_MISSING: Final = ProblemType(
    "counterpart_missing",
    422,
    "缺少对方基金分录",
    "Counterpart lines of the other fund are missing",
    "基金间往来与调剂科目须在同一凭证内由对方基金以相反方向等额登记。",
    "Accounts between funds must be met, in the same entry, by equal lines of the other fund.",
)
GIFT_NOT_NAMED: Final = ProblemType(
    "gift_not_named",
    422,
    "未指明捐赠",
    "The gift is not named",
    "动用限定用途捐赠的分录须指明是哪一笔捐赠。",
    "A posting on cash of restricted gifts must name the gift.",
)
PURPOSE_NOT_ALLOWED: Final = ProblemType(
    "purpose_not_allowed",
    409,
    "该用途不得如此列支",
    "The purpose may not be drawn on so",
    "该用途的指标不得由此类业务或此种资金来源列支。",
    "The purpose's budget may not be drawn on by this kind of operation or this source of money.",
)
ENCUMBRANCE_HELD: Final = ProblemType(
    "encumbrance_held",
    409,
    "指标由往来款占用",
    "The encumbrance is held by an open item",
    "该冻结指标由一笔未结往来占用，须通过该往来的业务办理。",
    "The encumbrance belongs to an open item and is moved through that item's own operations.",
)
SECOND_PERSON_NEEDED: Final = ProblemType(
    "second_person_needed",
    409,
    "须经第二人复核",
    "A second person is needed",
    "该业务须先提交复核，此入口不能提交。",
    "This needs a second person's approval and cannot be proposed through this call.",
)
PROPOSAL_NOT_WAITING: Final = ProblemType(
    "proposal_not_waiting",
    409,
    "该提交已办结",
    "The proposal is not waiting",
    "该提交已被复核、退回或撤回。",
    "The proposal was already approved, refused or withdrawn.",
)

NOT_THE_PROPOSER: Final = ProblemType(
    "not_the_proposer",
    403,
    "只有提交人可以撤回",
    "Only the proposer may withdraw",
    "只有制单人或提交人可以撤回；其他人请复核或退回。",
    "Only who prepared or sent the proposal may withdraw it; others approve or refuse.",
)
UNKNOWN_FUND_IN_RULE: Final = ProblemType(
    "unknown_fund_in_rule",
    422,
    "规则所指基金不存在",
    "The rule names an unknown fund",
    "该账套没有此基金。",
    "The book has no such fund.",
)
BANK_ACCOUNT_EXISTS: Final = ProblemType(
    "bank_account_exists",
    409,
    "银行账户已存在",
    "The bank account exists already",
    "该账套已有此代码或此账号的银行账户。",
    "The book already has a bank account of this code or number.",
)
FUND_HAS_BANK_ACCOUNT: Final = ProblemType(
    "fund_has_bank_account",
    409,
    "基金已有银行账户",
    "The fund lies on a bank account already",
    "基金 {fund}（或其上级、下级基金）已指定银行账户；一项基金连同其下级只能指定一个银行账户。",
    "Fund {fund}, one above it or one below it, is named by a bank account already; a fund and those below it lie on one account.",
)
COLUMN_MAPPING_MISSING: Final = ProblemType(
    "column_mapping_missing",
    409,
    "尚未设置对账单列对应关系",
    "No column mapping is set",
    "该账户及同一银行的其他账户均未设置对账单列对应关系。",
    "Neither this account nor another of the same bank has a column mapping.",
)
BAD_ROWS: Final = ProblemType(
    "bad_rows",
    422,
    "文件中有无法读取的行",
    "The file has rows that cannot be read",
    "共有 {bad_rows} 行无法读取，未导入任何数据；可先预览，或以 mode=good 只导入其余各行。",
    "{bad_rows} rows cannot be read and nothing was taken; preview the file, or take the others with mode=good.",
)
ALREADY_MATCHED: Final = ProblemType(
    "already_matched",
    409,
    "已勾对",
    "Already matched",
    "该流水或凭证已在另一有效勾对中；须先撤销。",
    "The line or entry is part of another match that stands; undo that one first.",
)
MATCH_SUMS_DIFFER: Final = ProblemType(
    "match_sums_differ",
    409,
    "勾对金额不符",
    "The sums of the match differ",
    "对账单合计 {statement_fen} 分，账面合计 {book_fen} 分。",
    "The statement's lines come to {statement_fen} fen, the book's entries to {book_fen} fen.",
)
MATCH_UNDONE: Final = ProblemType(
    "match_undone",
    409,
    "勾对已撤销",
    "The match was undone already",
    "该勾对已被撤销。",
    "The match was undone already.",
)
CHECKLIST_FAILED: Final = ProblemType(
    "checklist_failed",
    409,
    "结账检查未通过",
    "The closing checklist has failed items",
    "该期间的结账检查有未通过的事项，见 failed。",
    "The period's checklist has items that failed: see failed.",
)
ADJUSTING_PERIOD_BEGUN: Final = ProblemType(
    "adjusting_period_begun",
    409,
    "调整期已有凭证",
    "The adjusting period has begun",
    "该年度第13期已有凭证，十二月不再反结账；须更正的事项请记入第13期。",
    "The year's period 13 has entries, so December stays closed; what must be put right is booked in period 13.",
)
PROPOSALS_WAIT: Final = ProblemType(
    "proposals_wait",
    409,
    "本年度尚有待复核事项",
    "Proposals of the year wait",
    "本年度还有 {waiting} 项待复核，须先复核、退回或撤回。",
    "{waiting} proposals of the year still wait; they are approved, refused or withdrawn first.",
)
NOTHING_LEFT: Final = ProblemType(
    "nothing_left",
    409,
    "已无可办理",
    "Nothing is left to be done",
    "该事项提交后已由其他凭证办理完毕，可退回或撤回。",
    "What was proposed has been done by other entries since; the proposal can be refused or withdrawn.",
)
MORE_THAN_WAS_SPENT: Final = ProblemType(
    "more_than_was_spent",
    409,
    "收回金额大于已用金额",
    "More would come back than was spent",
    "该基金此预算年度、来源与用途已用 {spent_fen} 分，不能收回或冲销 {requested_fen} 分。",
    "Of this budget year, source and purpose the fund has spent {spent_fen} fen; {requested_fen} fen cannot come back.",
)
PROPOSAL_OUTDATED: Final = ProblemType(
    "proposal_outdated",
    409,
    "提交后金额已变",
    "The amount has changed since it was proposed",
    "提交时为 {proposed_fen} 分，现在办理将为 {now_fen} 分；请退回或撤回后重新提交。",
    "{proposed_fen} fen were proposed, {now_fen} fen would be booked now: refuse or withdraw it, and propose it anew.",
)
DUPLICATE_FUND_IN_RULES: Final = ProblemType(
    "duplicate_fund_in_rules",
    422,
    "同一基金有两条规则",
    "Two rules for one fund",
    "每项基金只能有一条结转规则。",
    "Each fund has one carry-forward rule at most.",
)

GIVER_EXISTS: Final = ProblemType(
    "giver_exists",
    409,
    "捐赠人引用号已登记",
    "The giver is registered already",
    "此引用号已登记，一个引用号只对应一位捐赠人。",
    "This reference is registered; a reference stands for one giver.",
)
GIVER_ERASED: Final = ProblemType(
    "giver_erased",
    409,
    "捐赠人信息已抹除",
    "The giver was erased",
    "此捐赠人的个人信息已抹除，只保留引用号。",
    "The giver's personal data was erased; only the reference is kept.",
)
OPERATION_NOT_OF_FUND: Final = ProblemType(
    "operation_not_of_fund",
    409,
    "该基金没有此项业务",
    "The fund does not have this operation",
    "此项业务属于其他种类的基金。",
    "The operation belongs to funds of another category.",
)

PROBLEMS: Final[tuple[ProblemType, ...]] = (
    INSUFFICIENT_FUNDS,
    PERIOD_CLOSED,
    ALREADY_REVERSED,
    REVERSAL_OF_REVERSAL,
    TYPED_OPERATION_ENTRY,
    ENCUMBRANCE_NOT_OPEN,
    AMOUNT_EXCEEDS_REMAINING,
    BUDGET_LINES_MISSING,
    OUT_OF_ORDER,
    OPENING_ALREADY_POSTED,
    FUND_EXISTS,
    AMOUNT_OUT_OF_RANGE,
    BOOK_EXISTS,
    PERIOD_NOT_ENDED,
    UNBALANCED_ENTRY,
    UNKNOWN_ACCOUNT,
    CONTROL_ACCOUNT,
    COUNTERPART_MISSING,
    GIFT_NOT_NAMED,
    PURPOSE_NOT_ALLOWED,
    ENCUMBRANCE_HELD,
    SECOND_PERSON_NEEDED,
    PROPOSAL_NOT_WAITING,
    NOT_THE_PROPOSER,
    UNKNOWN_FUND_IN_RULE,
    OPERATION_NOT_OF_FUND,
    BANK_ACCOUNT_EXISTS,
    FUND_HAS_BANK_ACCOUNT,
    COLUMN_MAPPING_MISSING,
    BAD_ROWS,
    ALREADY_MATCHED,
    MATCH_SUMS_DIFFER,
    MATCH_UNDONE,
    CHECKLIST_FAILED,
    ADJUSTING_PERIOD_BEGUN,
    PROPOSALS_WAIT,
    NOTHING_LEFT,
    PROPOSAL_OUTDATED,
    MORE_THAN_WAS_SPENT,
    DUPLICATE_FUND_IN_RULES,
    GIVER_EXISTS,
    GIVER_ERASED,
)
