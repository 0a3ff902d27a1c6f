"""Wire types of the households room. Personal values come in clear and go out masked; names are shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Discriminator, Field, Tag, model_validator

from claims.households import examples
from common.dates import BusinessDate
from common.money import FenOrZero
from common.text import Code, Line, PlainLine
from common.validation import field_error
from common.web import example
from common.wire import Wire

MAX_MEMBERS = 50
LeftReason = Literal["died", "moved_away", "married_out", "separated_household", "recorded_in_error"]

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


class MemberChanges(Wire):
    """What happened to the members: applied together, judged as one household afterwards."""

    add: Annotated[list[MemberIn], Field(default_factory=list, max_length=MAX_MEMBERS)]
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
    left_on: date | None
    left_reason: LeftReason | Literal["erased"] | None


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
