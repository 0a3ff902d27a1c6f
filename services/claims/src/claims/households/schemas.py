"""Wire types of the households room. Personal values come in clear and go out masked; names are shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Discriminator, Field, Tag, model_validator

from claims.households import examples
from common.dates import BusinessDate
from common.money import FenOrZero
from common.text import Code, Line, PlainLine, PlainText
from common.validation import field_error
from common.web import example
from common.wire import Wire

MAX_MEMBERS = 50
LeftReason = Literal["died", "moved_away", "married_out", "separated_household", "moved_household", "recorded_in_error"]

Place = Annotated[
    Line,
    Field(
        description="Town or village: its statistical code (preferred) or its exact name. 乡镇或村，区划代码或准确名称。",
        examples=["610923100", "城关镇"],
    ),
]
PersonName = Annotated[Line, Field(max_length=100, description="Full name. 姓名。", examples=["钱示例"])]
IdNumber = Annotated[
    Line, Field(max_length=40, description="18-digit ID number. 公民身份号码。", examples=["610923198001010037"])
]
Phone = Annotated[
    Line, Field(max_length=40, description="Mobile or landline of China. 联系电话。", examples=["13800000000"])
]
BankAccount = Annotated[
    Line,
    Field(
        max_length=60,
        description="Account of the household's 一卡通, 8 to 30 digits. 银行账号。",
        examples=["6217000000000000004"],
    ),
]
RelationText = Annotated[
    Line,
    Field(description="Relation to the head: a code or a listed Chinese word. 与户主关系。", examples=["head", "配偶"]),
]
IncomeYear = Annotated[int, Field(ge=1990, le=2200, description="The year the income was earned in. 收入年度。")]


class MemberIn(Wire):
    """A member as reported."""

    model_config = example(examples.MEMBER_IN)

    name: PersonName
    id_number: IdNumber
    relation: RelationText
    birth_on: BusinessDate | None = None
    """Must agree with the ID number. 出生日期，须与身份证号码一致。"""
    phone: Phone | None = None


class HouseholdIn(Wire):
    """A household as reported."""

    model_config = example(examples.HOUSEHOLD_IN)

    town: Place
    village: Place
    category: Annotated[Code, Field(examples=["marginal_poverty_prone"])]
    """A code of GET /household-categories. 农户类别。"""
    members: Annotated[list[MemberIn], Field(min_length=1, max_length=MAX_MEMBERS)]
    annual_income_fen: FenOrZero
    """The whole household's income of `income_year`. 全户年收入（分）。"""
    income_year: IncomeYear
    bank_account: BankAccount | None = None
    responsible_cadre: PlainLine | None = None
    """The paired cadre. 帮扶责任人。"""


class MemberEdit(Wire):
    """Changes of one present member; what is left out stays."""

    id: UUID
    name: PersonName | None = None
    id_number: IdNumber | None = None
    relation: RelationText | None = None
    birth_on: BusinessDate | None = None
    phone: Phone | None = None
    """null takes the phone away."""


class MemberLeft(Wire):
    """A member who no longer belongs to the household; the record stays."""

    id: UUID
    left_on: BusinessDate
    reason: LeftReason


class MemberJoined(MemberIn):
    """A member who joins the household."""

    model_config = example(examples.MEMBER_IN)

    joined_on: BusinessDate | None = None
    """加入本户日期。"""


class MemberReturned(Wire):
    """A member who left and belongs to the household again; the record of the absence stays in the history."""

    id: UUID
    returned_on: BusinessDate


class MemberChanges(Wire):
    """What happened to the members: applied together, judged as one household afterwards."""

    add: Annotated[list[MemberJoined], Field(default_factory=list, max_length=MAX_MEMBERS)]
    come_back: Annotated[list[MemberReturned], Field(default_factory=list, max_length=MAX_MEMBERS)]
    change: Annotated[list[MemberEdit], Field(default_factory=list, max_length=MAX_MEMBERS)]
    remove: Annotated[list[MemberLeft], Field(default_factory=list, max_length=MAX_MEMBERS)]


class HouseholdPatch(Wire):
    """Changes of a household; what is left out stays. `town` needs `village`; the income needs its year."""

    model_config = example(examples.PATCH)

    town: Place | None = None
    village: Place | None = None
    category: Code | None = None
    members: MemberChanges | None = None
    annual_income_fen: FenOrZero | None = None
    income_year: IncomeYear | None = None
    bank_account: BankAccount | None = None
    """null takes the account away."""
    responsible_cadre: PlainLine | None = None
    """null takes the cadre away."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.model_fields_set:
            raise field_error("empty", "没有要修改的内容。", "Nothing to change.")
        if self.town is not None and self.village is None:
            raise field_error("village_required", "修改乡镇须同时填写村。", "A new town needs its village.")
        if (self.annual_income_fen is None) != (self.income_year is None):
            raise field_error(
                "income_needs_year", "收入与收入年度须一并填写。", "annual_income_fen and income_year go together."
            )
        for name in ("town", "village", "category", "members", "annual_income_fen"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise field_error("not_removable", f"{name} 不能为空。", f"{name} cannot be taken away.")
        return self


class SearchById(Wire):
    """Search by ID number."""

    id_number: IdNumber


class SearchByPhone(Wire):
    """Search by phone."""

    phone: Phone


class SearchByName(Wire):
    """Search by full name within a town."""

    name: PersonName
    town: Place


def _which_search(value: object) -> str | None:
    """Name the kind of search a body is; None for what is none, be it no object at all."""
    keys: frozenset[str] = frozenset()
    if isinstance(value, Wire):
        keys = frozenset(type(value).model_fields)
    elif isinstance(value, dict):
        keys = frozenset(value)
    return next((f"({name})" for name in ("id_number", "phone", "name") if name in keys), None)


HouseholdSearch = Annotated[
    Annotated[SearchById, Tag("(id_number)")]
    | Annotated[SearchByPhone, Tag("(phone)")]
    | Annotated[SearchByName, Tag("(name)")],
    Discriminator(_which_search),
]
"""Exactly one of {id_number}, {phone}, {name, town}; matched exactly. The tags stay out of error paths."""


class HouseholdWarning(Wire):
    """Something a person should look at; it refuses nothing."""

    code: str
    field: str
    text_zh: str
    text_en: str
    household_id: UUID | None


class MemberOut(Wire):
    """A member. The date of birth is not shown: beside the masked ID number it would give the number away."""

    id: UUID
    name: str
    id_number: str
    """Masked. 掩码显示。"""
    relation: str
    relation_name_zh: str
    phone: str | None
    """Masked. 掩码显示。"""
    present: bool
    joined_on: date | None
    """Empty for whom nobody said it. 加入本户日期。"""
    moved_from: UUID | None
    """The same person's record in the household they came from. 原户中的成员记录。"""
    left_on: date | None
    left_reason: LeftReason | None


class DivisionOrigin(Wire):
    """Which table of divisions vouches for the codes."""

    verified: bool
    code_system: str | None
    as_of: date | None


class HouseholdOut(Wire):
    """A household."""

    model_config = example(examples.HOUSEHOLD)

    id: UUID
    town: str
    """Code. 乡镇代码。"""
    town_name: str | None
    village: str
    """Code. 村代码。"""
    village_name: str | None
    division: DivisionOrigin
    category: str
    category_name_zh: str
    monitored: bool
    monitored_from: date | None
    annual_income_fen: FenOrZero
    income_year: int
    bank_account: str | None
    """Masked. 掩码显示。"""
    responsible_cadre: str | None
    external_number: str | None
    """The household's number in the list it was imported from. 户编号。"""
    members: Sequence[MemberOut]
    version: int
    """Also the ETag."""
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str


class HouseholdChanged(HouseholdOut):
    """A household as it stands after a change. In the answer to POST names too are masked, because it is kept for replay."""

    model_config = example(examples.CHANGED)

    warnings: Sequence[HouseholdWarning]


class CategoryOut(Wire):
    """A category of households."""

    model_config = example(examples.CATEGORY)

    code: str
    name_zh: str
    name_en: str
    monitored: bool
    valid_from: date
    valid_to: date | None
    source: str


class RelationOut(Wire):
    """A relation to the head of the household."""

    model_config = example(examples.RELATION)

    code: str
    name_zh: str
    name_en: str
    words: Sequence[str]


class MoveIn(Wire):
    """A member moves to another household of the book."""

    model_config = example(examples.MOVE)

    to_household_id: UUID
    moved_on: BusinessDate
    relation: RelationText


class HouseholdEventOut(Wire):
    """Something that happened to a household."""

    model_config = example(examples.EVENT)

    version: int
    """The version it made. 版本。"""
    kind: Literal["created", "edited", "monitoring_changed"]
    changes: dict[str, list[Any]]
    """By field: before and after; personal values are named, never shown."""
    at: datetime
    by_person: str


class ConsentIn(Wire):
    """A consent that was given."""

    model_config = example(examples.CONSENT_IN)

    kind: Annotated[Code, Field(examples=["data_comparison"])]
    """A code of consents.yaml: `data_comparison`, `public_notice`, `data_sharing`. 授权事项。"""
    member_id: UUID | None = None
    """Whom it is about; left out: the whole household. 涉及的成员。"""
    given_by: UUID
    """The member who gave it. 授权人。"""
    given_on: BusinessDate
    document_reference: PlainLine
    """Number or place of the signed paper. 授权书编号。"""


class ConsentOut(Wire):
    """A consent, and its withdrawal if it was withdrawn."""

    model_config = example(examples.CONSENT)

    id: UUID
    household_id: UUID
    kind: str
    kind_name_zh: str
    member_id: UUID | None
    given_by: UUID
    given_on: date
    document_reference: str
    recorded_at: datetime
    recorded_by: str
    withdrawn_on: date | None
    withdrawn_by: str | None


class WithdrawalIn(Wire):
    """A consent is withdrawn."""

    model_config = example(examples.WITHDRAWAL)

    withdrawn_on: BusinessDate


class DuplicateRecord(Wire):
    """One of two records: its household as it is now, and the member of it who shares a value; of another place only that there is one."""

    household_id: UUID
    household: HouseholdOut | None
    member_id: UUID | None
    """Empty where the household's bank account is shared."""


class ResolutionIn(Wire):
    """What a person found out about a possible duplicate."""

    model_config = example(examples.RESOLUTION)

    resolution: Literal["same_person", "different"]
    note: PlainText


class ResolutionOut(Wire):
    """What was found out, by whom and when."""

    resolution: Literal["same_person", "different"]
    note: str | None
    """Not shown in answers that are kept for replay."""
    at: datetime
    by_person: str


class DuplicateOut(Wire):
    """Two records that share a value, the older one first."""

    model_config = example(examples.DUPLICATE)

    id: UUID
    kind: Literal["id_number", "bank_account", "phone", "name_birth"]
    found_at: datetime
    resolution: Literal["open", "same_person", "different"]
    first: DuplicateRecord
    second: DuplicateRecord
    resolutions: Sequence[ResolutionOut]
