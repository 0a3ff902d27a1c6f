"""Refusals of the claims service beyond the common ones: one code, one status, a text in Chinese and English.

Every room adds its own here, so that a code can be looked up in one place and never has two statuses. Detail texts may use the
parameters given to `.error(...)` by name; parameters never carry personal data.
"""

from __future__ import annotations

from common.errors import ProblemType

# --- households and monitoring -----------------------------------------------------------------------------------------------------
OUT_OF_ORDER = ProblemType(
    code="out_of_order",
    status=409,
    title_zh="步骤次序或日期不符",
    title_en="This is not the next step, or it is dated before the one it follows",
    detail_zh="expected 列出现在可以办理的步骤；办理日期不得早于 not_before。",
    detail_en="`expected` lists the steps that may be taken now; done_on must not be before `not_before`.",
)
CAP_EXCEEDED = ProblemType(
    code="cap_exceeded",
    status=409,
    title_zh="批准后将超过方案的封顶额",
    title_en="The approval would go beyond a cap of the terms",
    detail_zh="可能同时批准了同一人或同一户的其他理赔。请重新核算后再批准。",
    detail_en="Another claim of the person or household may have been approved meanwhile. Recompute, then approve.",
)
LEAD_HOUSEHOLD_FIXED = ProblemType(
    code="lead_household_fixed",
    status=409,
    title_zh="线索已关联其他农户",
    title_en="The lead already names another household",
)
MONITORED_CATEGORY = ProblemType(
    code="monitored_category",
    status=409,
    title_zh="监测对象不能改为一般农户",
    title_en="A monitored household cannot become a general one",
    detail_zh="请先办理风险消除步骤。",
    detail_en="Record the step risk_eliminated on its leads first.",
)
INCOME_LINE_EXISTS = ProblemType(
    code="income_line_exists",
    status=409,
    title_zh="该年度收入监测线已登记",
    title_en="The income line of this year is already recorded",
    detail_zh="更正须填写更正原因 correction_reason。",
    detail_en="A correction needs correction_reason.",
)
INCOME_LINE_MISSING = ProblemType(
    code="income_line_missing",
    status=409,
    title_zh="该年度收入监测线未登记",
    title_en="The income line of this year is not recorded",
    detail_zh="请先以 POST /income-lines 登记 {year} 年收入监测线及其来源。",
    detail_en="Record the line of {year} and its source with POST /income-lines first.",
)

CONSENT_WITHDRAWN = ProblemType(
    code="consent_withdrawn",
    status=409,
    title_zh="该授权已撤回",
    title_en="The consent was withdrawn already",
)
BAD_ROWS = ProblemType(
    code="bad_rows",
    status=422,
    title_zh="文件中有不能导入的行",
    title_en="The file has rows that cannot be taken",
    detail_zh="共有 {bad_rows} 行不能导入，未导入任何数据；可先预览，或以 mode=good 只导入其余各户。",
    detail_en="{bad_rows} rows cannot be taken and nothing was; preview the file, or take the other households with mode=good.",
)

# --- policies and claims -----------------------------------------------------------------------------------------------------------
POLICY_EXISTS = ProblemType(
    code="policy_exists",
    status=409,
    title_zh="该年度已有保险方案",
    title_en="There is a policy for this year already",
    detail_zh="{year} 年已有保险方案，一年一个方案。",
    detail_en="A book has one policy a year, and {year} has one.",
)
TERMS_OVERLAP = ProblemType(
    code="terms_overlap",
    status=409,
    title_zh="条款有效期重叠",
    title_en="Terms of one cause overlap",
    detail_zh="与第 {version} 版的有效期重叠；如要替代，请在 supersedes 注明该版本。",
    detail_en="Version {version} is in force on some of these days; name it in `supersedes` to take over from it.",
)
TERMS_DECIDED = ProblemType(
    code="terms_decided",
    status=409,
    title_zh="该版条款已审批",
    title_en="This version of the terms was decided already",
    detail_zh="现状态：{status_now}。",
    detail_en="It is {status_now}.",
)
EARLIER_TERMS_OPEN = ProblemType(
    code="earlier_terms_open",
    status=409,
    title_zh="被替代的条款尚未审批",
    title_en="The terms it supersedes are still a draft",
    detail_zh="请先审批第 {version} 版。",
    detail_en="Decide version {version} first.",
)
EVENT_OUTSIDE_POLICY = ProblemType(
    code="event_outside_policy",
    status=409,
    title_zh="事件发生日不在保险方案范围内",
    title_en="No policy covers the event",
    detail_zh="{event_on} 没有保险方案，或方案没有该事由的有效条款。",
    detail_en="On {event_on} there is no policy, or it has no terms for this cause.",
)
LOSS_BELOW_OTHER_PAYMENTS = ProblemType(
    code="loss_below_other_payments",
    status=409,
    title_zh="损失低于其他渠道已赔付金额",
    title_en="Others already paid more than the loss",
    detail_zh="损失合计 {loss_fen} 分，其他渠道已赔付 {other_payments_fen} 分，请核对。",
    detail_en="The loss is {loss_fen} fen, others paid {other_payments_fen} fen: check both.",
)
NOT_ELIGIBLE = ProblemType(
    code="not_eligible",
    status=409,
    title_zh="不符合理赔条件",
    title_en="The claim is not eligible",
    detail_zh="errors 列出刚才重新核定时未通过的核查项。",
    detail_en="`errors` lists the checks that failed when the claim was decided again just now.",
)
REVIEW_NEEDED = ProblemType(
    code="review_needed",
    status=409,
    title_zh="有核查项须书面认定",
    title_en="Some checks have to be settled in writing",
    detail_zh="请在 reviewed_checks 列出 errors 中的核查项，并在 note 写明理由。",
    detail_en="List the checks in `errors` in `reviewed_checks` and give the reason in `note`, or send the claim back.",
)

# --- the path of a claim -----------------------------------------------------------------------------------------------------------
WORKING_DAYS_MISSING = ProblemType(
    code="working_days_missing",
    status=409,
    title_zh="工作日历没有该年度",
    title_en="The working days of this year are not recorded",
    detail_zh="期限要数到 {year} 年，该年度放假安排尚未登记。请由管理员以 POST /working-days 登记后再办理。",
    detail_en="The deadline reaches into {year}, whose holidays are not recorded. Have an admin record them with POST /working-days first.",
)
WORKING_DAYS_KNOWN = ProblemType(
    code="working_days_known",
    status=409,
    title_zh="该年度工作日已有登记",
    title_en="The working days of this year are known already",
    detail_zh="更正 {year} 年须填写更正原因 correction_reason。",
    detail_en="A correction of {year} needs correction_reason.",
)
SECOND_LOOK_NEEDED = ProblemType(
    code="second_look_needed",
    status=409,
    title_zh="须先抽查复核",
    title_en="A second person must look at the claim first",
    detail_zh="该理赔须由另一名县级人员办理 second_look 后才能审批。",
    detail_en="Have another person of the county take the step second_look, then approve.",
)
NOTICE_NOT_PUBLISHED = ProblemType(
    code="notice_not_published",
    status=409,
    title_zh="尚未公示",
    title_en="No notice has been put up",
    detail_zh="请先以 POST /claims/{{id}}/notice 生成并张贴公示。",
    detail_en="Put the notice up with POST /claims/{{id}}/notice first.",
)
NOTICE_RUNNING = ProblemType(
    code="notice_running",
    status=409,
    title_zh="公示期未满",
    title_en="The notice has not run its days",
    detail_zh="公示至 {runs_until} 止；有未处理的异议时公示期停止计算。",
    detail_en="It runs until {runs_until}; an open objection stops its clock.",
)
OBJECTION_OPEN = ProblemType(
    code="objection_open",
    status=409,
    title_zh="有异议未处理",
    title_en="An objection is open",
    detail_zh="未处理的异议：{objections}。",
    detail_en="Open objections: {objections}.",
)
OBJECTION_UPHELD = ProblemType(
    code="objection_upheld",
    status=409,
    title_zh="异议成立，公示不能通过",
    title_en="An objection was upheld, so the notice cannot pass",
    detail_zh="请退回补正或不予通过。",
    detail_en="Send the claim back or refuse it.",
)
OBJECTION_RESOLVED = ProblemType(
    code="objection_resolved",
    status=409,
    title_zh="该异议已处理",
    title_en="The objection is resolved already",
)
NOTICE_EXCEEDED = ProblemType(
    code="notice_exceeded",
    status=409,
    title_zh="金额高于公示金额",
    title_en="The benefit is higher than the one made public",
    detail_zh="公示 {public_fen} 分，现核定 {benefit_fen} 分，须退回后重新公示。",
    detail_en="Made public: {public_fen} fen; decided now: {benefit_fen} fen. Send the claim back, so that it is made public again.",
)
NOT_APPEALABLE = ProblemType(
    code="not_appealable",
    status=409,
    title_zh="该理赔不能申诉",
    title_en="This claim cannot be appealed",
    detail_zh="只有不予赔付的理赔可以申诉一次，申诉后的理赔不再申诉。",
    detail_en="Only a refused claim can be appealed, once; an appeal cannot be appealed again.",
)
APPEAL_TOO_LATE = ProblemType(
    code="appeal_too_late",
    status=409,
    title_zh="已过申诉期限",
    title_en="The time for an appeal is over",
    detail_zh="申诉期限至 {last_day} 止。",
    detail_en="The last day was {last_day}.",
)

# --- payouts -----------------------------------------------------------------------------------------------------------------------
NOTHING_TO_PAY = ProblemType(
    code="nothing_to_pay",
    status=409,
    title_zh="没有可支付的理赔",
    title_en="There is no claim to pay",
    detail_zh="没有资金已冻结且未列入支付批次的理赔。",
    detail_en="No claim has its money reserved and stands in no open batch.",
)
CLAIM_NOT_PAYABLE = ProblemType(
    code="claim_not_payable",
    status=409,
    title_zh="理赔当前不可支付",
    title_en="A claim cannot be put into a batch now",
    detail_zh="理赔：{claims}。只有资金已冻结或支付退票的理赔可以列入批次。",
    detail_en="Claims: {claims}. Only a claim whose money is reserved, or whose payment came back, can be put into a batch.",
)
BANK_ACCOUNT_MISSING = ProblemType(
    code="bank_account_missing",
    status=409,
    title_zh="农户没有登记银行账户",
    title_en="A household has no bank account",
    detail_zh="理赔：{claims}。请先登记农户的银行账户。",
    detail_en="Claims: {claims}. Record the household's bank account first.",
)
BATCH_NOT_PREPARED = ProblemType(
    code="batch_not_prepared",
    status=409,
    title_zh="批次已经审批",
    title_en="The batch has been decided already",
    detail_zh="批次状态：{batch_status}。",
    detail_en="Its status is {batch_status}.",
)
BATCH_NOT_APPROVED = ProblemType(
    code="batch_not_approved",
    status=409,
    title_zh="批次尚未审批通过",
    title_en="The batch is not approved",
    detail_zh="批次状态：{batch_status}。",
    detail_en="Its status is {batch_status}.",
)
BATCH_PARTLY_RETURNED = ProblemType(
    code="batch_partly_returned",
    status=409,
    title_zh="银行已回盘，不再出具银行文件，也不再移出明细",
    title_en="The bank has reported on this batch: no file of it is given again, and nothing is taken out of it",
    detail_zh="银行已回报明细 {items}；再次发送本批次文件会重复支付。",
    detail_en="The bank has reported on items {items}: sending this batch again would pay twice.",
)
RESERVATION_PENDING = ProblemType(
    code="reservation_pending",
    status=409,
    title_zh="批次中有理赔的资金正在重新冻结",
    title_en="Money of claims in this batch is being reserved anew",
    detail_zh="请待理赔 {claims} 的冻结确认后再办理。",
    detail_en="Wait until the reservation of {claims} is confirmed.",
)
BANK_FILE_ISSUED = ProblemType(
    code="bank_file_issued",
    status=409,
    title_zh="银行文件已出具",
    title_en="The bank file was issued already",
    detail_zh="{issued_at} 已出具给 {issued_to}（模板 {issued_template}）。再次出具须写明理由：POST …/bank-file/reissues。",
    detail_en="Issued to {issued_to} at {issued_at} (template {issued_template}). Again only with a reason: POST …/bank-file/reissues.",
)
BANK_FILE_NOT_ISSUED = ProblemType(
    code="bank_file_not_issued",
    status=409,
    title_zh="银行文件尚未出具",
    title_en="The bank file is still to be fetched",
    detail_zh="可直接获取银行文件，无须再次出具。",
    detail_en="It may be fetched as it is: nothing has to be issued again.",
)
BANK_FILE_UNWRITABLE = ProblemType(
    code="bank_file_unwritable",
    status=409,
    title_zh="模板无法写入户名或账号",
    title_en="The template cannot hold a holder's name or account",
    detail_zh="明细：{items}。户名或账号含有该模板的分隔符或编码外的字符，请改用其他模板或更正户名。",
    detail_en="Items: {items}. A name or account holds the separator, or a character outside the encoding: use another template.",
)
ACCOUNT_CHANGED = ProblemType(
    code="account_changed",
    status=409,
    title_zh="编批后户名或账号已变更",
    title_en="A holder or account has changed since the batch was prepared",
    detail_zh="明细：{items}。请将其移出批次（POST …/withdrawals），批次重新审批后再出具银行文件。",
    detail_en="Items: {items}. Take them out of the batch (POST …/withdrawals); a second person then approves what remains.",
)
BATCH_WOULD_BE_EMPTY = ProblemType(
    code="batch_would_be_empty",
    status=409,
    title_zh="批次将没有任何明细",
    title_en="Nothing would be left of the batch",
    detail_zh="批次尚未审批，请由第二人退回整个批次。",
    detail_en="The batch is not approved yet: let the second person refuse all of it.",
)
ITEM_WITHDRAWN = ProblemType(
    code="item_withdrawn",
    status=409,
    title_zh="该明细已移出批次",
    title_en="The item was taken out of the batch",
)
CONTROL_MISMATCH = ProblemType(
    code="control_mismatch",
    status=422,
    title_zh="笔数或合计与明细不符",
    title_en="The stated count or total is not that of the rows",
    detail_zh="填写 {stated}，明细 {found}。",
    detail_en="Stated {stated}, the rows give {found}.",
)
ITEM_NOT_IN_BATCH = ProblemType(
    code="item_not_in_batch",
    status=409,
    title_zh="批次中没有该明细",
    title_en="The batch has no item of this number",
)
ITEM_REPEATED = ProblemType(
    code="item_repeated",
    status=422,
    title_zh="同一明细出现两次",
    title_en="An item stands twice in one bank return",
)
ITEM_AMOUNT_MISMATCH = ProblemType(
    code="item_amount_mismatch",
    status=409,
    title_zh="金额与批次明细不符",
    title_en="The amount is not the item's",
    detail_zh="回盘 {stated} 分，批次 {expected} 分。",
    detail_en="The return says {stated} fen, the batch {expected} fen.",
)
ITEM_ALREADY_RETURNED = ProblemType(
    code="item_already_returned",
    status=409,
    title_zh="该明细的回盘结果已登记",
    title_en="The bank's outcome of this item is recorded already",
)
BANK_RETURN_UNREADABLE = ProblemType(
    code="bank_return_unreadable",
    status=422,
    title_zh="银行回盘文件无法读取",
    title_en="The bank return file cannot be read",
    detail_zh="文件第 {row} 行：{column}。",
    detail_en="Row {row} of the file: {column}.",
)
ITEM_RECOVERED = ProblemType(
    code="item_recovered",
    status=409,
    title_zh="该笔付款已有追回，不能再退票",
    title_en="A part of this payment was recovered, so the credit cannot come back as well",
)
BATCH_OF_TWO_PAYERS = ProblemType(
    code="batch_of_two_payers",
    status=409,
    title_zh="一个批次只能由一方支付",
    title_en="A batch is paid by one hand",
    detail_zh="县级自付的理赔与各方案资金池支付的理赔须分开编批。",
    detail_en="Claims the county pays and claims of each insurer's pool go into batches of their own.",
)
CLAIM_NOT_PAID = ProblemType(
    code="claim_not_paid",
    status=409,
    title_zh="理赔没有已入账的付款",
    title_en="The claim has no booked payment",
)
RECOVERY_EXCEEDS_PAID = ProblemType(
    code="recovery_exceeds_paid",
    status=409,
    title_zh="追回金额超过已付金额",
    title_en="More than was paid cannot be recovered",
    detail_zh="尚可追回 {open_fen} 分。",
    detail_en="{open_fen} fen of the payment are not recovered yet.",
)
RECOVERY_NOT_PROPOSED = ProblemType(
    code="recovery_not_proposed",
    status=409,
    title_zh="追回已经审批",
    title_en="The recovery has been decided already",
    detail_zh="追回状态：{recovery_status}。",
    detail_en="Its status is {recovery_status}.",
)
NOT_A_POOL = ProblemType(
    code="not_a_pool",
    status=409,
    title_zh="不是保险资金池",
    title_en="This is no insurer's pool",
    detail_zh="方案须由保险资金池支付，往来须是保险基金的资金池。",
    detail_en="The programme must be paid by an insurer's pool, and the open item must be a pool of the insurance fund.",
)
POOL_NAMED = ProblemType(
    code="pool_named",
    status=409,
    title_zh="资金池已经指定",
    title_en="The programme's pool is named already, or the pool is another programme's",
)
POOL_NOT_NAMED = ProblemType(
    code="pool_not_named",
    status=409,
    title_zh="方案的资金池尚未指定",
    title_en="Nobody has named the programme's pool",
)
NOTHING_TO_MEND = ProblemType(
    code="nothing_to_mend",
    status=409,
    title_zh="没有可处理的差异",
    title_en="There is nothing of this claim to mend in this way",
    detail_zh="没有未确认的请求，或资金已支付，或没有有效的冻结。",
    detail_en="Nothing is unconfirmed, or its money was paid, or no reservation stands.",
)
NOTHING_TO_BOOK = ProblemType(
    code="nothing_to_book",
    status=409,
    title_zh="没有被账务系统退回的入账",
    title_en="The ledger has refused no booking of this batch",
)
LEDGER_UNAVAILABLE = ProblemType(
    code="ledger_unavailable",
    status=503,
    title_zh="账务系统暂时无法访问",
    title_en="The ledger cannot be reached now",
    detail_zh="请稍后重试。",
    detail_en="Please try again later.",
)

# --- personal data -----------------------------------------------------------------------------------------------------------------
PERSONAL_DATA_ERASED = ProblemType(
    code="personal_data_erased",
    status=409,
    title_zh="个人信息已抹除",
    title_en="The personal data was erased",
    detail_zh="编号、金额、结果和账务引用仍保留。",
    detail_en="Numbers, amounts, outcomes and ledger references are kept.",
)
ALREADY_ERASED = ProblemType(
    code="already_erased",
    status=409,
    title_zh="个人信息此前已抹除",
    title_en="It was erased before",
)
CLAIMS_UNFINISHED = ProblemType(
    code="claims_unfinished",
    status=409,
    title_zh="尚有未办结的理赔，不能抹除",
    title_en="Claims that are not finished keep the person from being erased",
    detail_zh="claims 列出在办理赔，或保险期间尚未届满的已付理赔。",
    detail_en="`claims` lists those on their way, and those paid under a policy that still runs.",
)
HOUSEHOLD_MONITORED = ProblemType(
    code="household_monitored",
    status=409,
    title_zh="监测对象不能抹除",
    title_en="A monitored household is not erased",
    detail_zh="请先办理风险消除步骤。",
    detail_en="Record the step risk_eliminated on its leads first.",
)

# --- documents ---------------------------------------------------------------------------------------------------------------------
DOCUMENT_TYPE_REFUSED = ProblemType(
    code="document_type_refused",
    status=422,
    title_zh="不接受该类型的文件",
    title_en="Files of this type are not taken",
    detail_zh="按文件内容识别，仅接受 JPEG、PNG 图片和 PDF；Word、OFD、压缩包等请先另存为 PDF。",
    detail_en="By its content the file is no JPEG, PNG or PDF. Save Word, OFD or packed files as PDF first.",
)
DOCUMENT_TYPE_MISMATCH = ProblemType(
    code="document_type_mismatch",
    status=422,
    title_zh="文件内容与名称或所称类型不符",
    title_en="The file is not what its name or stated type says",
    detail_zh="文件内容为 {found}，请以 .{extension} 为扩展名重新提交。",
    detail_en="Its content is {found}: send it with a name that ends in .{extension}, and check that it is the right file.",
)
DOCUMENT_INCOMPLETE = ProblemType(
    code="document_incomplete",
    status=422,
    title_zh="文件不完整或已损坏",
    title_en="The file is cut or broken",
    detail_zh="文件在结束之前中断，请重新扫描或拍照后提交。",
    detail_en="It ends before its end. Scan it or take the photo again.",
)
DOCUMENT_CONTINUES = ProblemType(
    code="document_continues",
    status=422,
    title_zh="文件结尾之后还有其他内容",
    title_en="Something else stands behind the end of the file",
    detail_zh="图片或 PDF 结束之后附有其他内容（如压缩包、动态照片），请另存为普通图片或 PDF 后提交。",
    detail_en="Behind the picture or PDF stands something else, such as an archive or a film. Save it as a plain picture or PDF.",
)
DOCUMENTS_FULL = ProblemType(
    code="documents_full",
    status=409,
    title_zh="该理赔的材料已达上限",
    title_en="The claim has as many documents as it may have",
    detail_zh="每件理赔最多 {most} 份材料。",
    detail_en="A claim may have {most}.",
)
DOCUMENTS_CLOSED = ProblemType(
    code="documents_closed",
    status=409,
    title_zh="理赔当前状态不能办理材料",
    title_en="The claim's documents cannot be changed now",
    detail_zh="理赔状态：{claim_status}。已办结的理赔不再收取材料，已批准的理赔不能撤回材料。",
    detail_en="Its status is {claim_status}. One that has ended takes no documents; of one that was approved none is withdrawn.",
)
DOCUMENT_WITHDRAWN = ProblemType(
    code="document_withdrawn",
    status=409,
    title_zh="该材料已撤回",
    title_en="The document was withdrawn",
)
DOCUMENT_ERASED = ProblemType(
    code="document_erased",
    status=409,
    title_zh="该材料内容已依规删除",
    title_en="The document's content was erased",
    detail_zh="仅保留登记和校验值。",
    detail_en="Its record and hash remain.",
)
DOCUMENT_DAMAGED = ProblemType(
    code="document_damaged",
    status=409,
    title_zh="存储的材料缺失或被改动",
    title_en="The stored content is missing or was changed",
    detail_zh="请联系管理员从备份恢复。",
    detail_en="Ask the administrator to restore it from the backup.",
)

# Every type above and below this line; a test checks that one code has one status.
PROBLEMS: tuple[ProblemType, ...] = tuple(value for value in list(globals().values()) if isinstance(value, ProblemType))
