"""Documents over HTTP: handed in, listed, downloaded, verified, withdrawn; and everything that is refused, leaving nothing behind."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.claims_documents.conftest import MOST_BYTES, MOST_DOCUMENTS, Desk
from tests.support.papers import PAGE, PROGRAM, archive, docx, jpeg, pdf, png

pytestmark = pytest.mark.anyio


def code(answer: Any) -> tuple[int, str, str | None]:
    said = answer.json()
    fault = said["errors"][0]["code"] if said.get("errors") else None
    return answer.status_code, said["code"], fault


async def test_a_document_comes_back_as_it_was_handed_in_and_lies_sealed(desk: Desk) -> None:
    claim = await desk.claim()
    content = desk.paper("诊断：示例病")
    made = await desk.stored(claim["id"], content, kind="diagnosis_certificate", name="钱示例的诊断.pdf")
    assert (made["sha256"], made["size_bytes"]) == (hashlib.sha256(content).hexdigest(), len(content))
    assert (made["media_type"], made["kind_zh"], made["state"]) == ("application/pdf", "诊断证明", "kept")
    assert "示例" not in str(made)
    [listed] = await desk.listed(claim["id"])
    assert listed["file_name"] == "钱***.pdf"

    answer = await desk.office.get(f"/claims/{claim['id']}/documents/{made['id']}", "town")
    assert answer.content == content
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-length"] == str(len(content))
    assert answer.headers["content-disposition"] == (
        f'attachment; filename="{claim["number"]}-diagnosis_certificate-{made["id"].replace("-", "")[-8:]}.pdf"'
    )
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    digest = base64.b64encode(bytes.fromhex(made["sha256"])).decode()
    assert answer.headers["repr-digest"] == f"sha-256=:{digest}:"

    log = (await desk.office.read("/access-log", limit=1))["items"][0]
    assert (log["action"], log["subject"], log["subject_id"], log["person"]) == (
        "download",
        "document",
        made["id"],
        "town-1",
    )

    [file] = desk.files()
    assert file.stat().st_mode & 0o777 == 0o600
    assert "诊断".encode() not in file.read_bytes()
    assert b"%PDF" not in file.read_bytes()


@pytest.mark.parametrize(
    ("content", "name", "stated", "expected"),
    [
        (PROGRAM, "发票.pdf", "application/pdf", (422, "document_type_refused", None)),
        (PAGE, "photo.png", "image/png", (422, "document_type_refused", None)),
        (docx(), "证明.docx", "application/octet-stream", (422, "document_type_refused", None)),
        (png(), "photo.jpg", "image/png", (422, "document_type_mismatch", None)),
        (png(), "photo.png", "image/jpeg", (422, "document_type_mismatch", None)),
        (pdf(), "发票.exe", "application/octet-stream", (422, "document_type_mismatch", None)),
        (jpeg() + archive(), "photo.jpg", "image/jpeg", (422, "document_continues", None)),
        (pdf() + PAGE, "a.pdf", "application/pdf", (422, "document_continues", None)),
        (jpeg()[:-9], "photo.jpg", "image/jpeg", (422, "document_incomplete", None)),
        (pdf()[:-40], "a.pdf", "application/pdf", (422, "document_incomplete", None)),
        (b"", "a.pdf", "application/pdf", (422, "invalid_request", "empty")),
        (pdf(filling=MOST_BYTES), "a.pdf", "application/pdf", (413, "body_too_large", None)),
        (pdf(), "长" * 300 + ".pdf", "application/pdf", (422, "invalid_request", "invalid_name")),
    ],
)
async def test_a_file_that_lies_or_does_not_fit_is_refused_and_leaves_nothing(
    desk: Desk, content: bytes, name: str, stated: str, expected: tuple[int, str, str | None]
) -> None:
    claim = await desk.claim()
    before = desk.files()
    answer = await desk.send(claim["id"], content, name, stated)
    assert code(answer) == expected
    assert answer.json().get("field") == "file"
    assert await desk.listed(claim["id"]) == []
    assert desk.files() == before


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../../etc/passwd.pdf", "p***.pdf"),
        ("C:\\Users\\示例\\张示例的身份证.pdf", "张***.pdf"),
        ("..", "***"),
        ("612424199001011234.pdf", "***.pdf"),
        ("扫描2021.06.01", "扫***"),
    ],
)
async def test_a_files_name_is_never_a_path_and_shows_nobody(desk: Desk, name: str, shown: str) -> None:
    claim = await desk.claim()
    await desk.stored(claim["id"], desk.paper(), name=name)
    assert [one["file_name"] for one in await desk.listed(claim["id"])] == [shown]
    assert {path.parent.parent.name for path in desk.files()} <= {"610923"}


async def test_a_name_in_gb18030_is_read_and_a_form_may_name_none(desk: Desk) -> None:
    claim = await desk.claim()
    shown: list[str | None] = []
    for disposition in ('name="file"; filename="发票.pdf"'.encode("gb18030"), b'name="file"'):
        body = b"--b\r\nContent-Disposition: form-data; " + disposition + b"\r\n\r\n" + desk.paper() + b"\r\n--b--\r\n"
        headers = desk.office.headers("village") | {
            "Idempotency-Key": f"form-{len(shown)}-{claim['id']}",
            "Content-Type": "multipart/form-data; boundary=b",
        }
        answer = await desk.office.client.post(
            f"/v1/books/610923/claims/{claim['id']}/documents?kind=other", content=body, headers=headers
        )
        assert answer.status_code == 201, answer.text
        shown.append((await desk.listed(claim["id"]))[-1]["file_name"])
    assert shown == ["发***.pdf", None]


@pytest.mark.parametrize(
    ("body", "boundary", "expected"),
    [
        (b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + pdf(), "b", (400, "malformed_body", None)),
        (b"nonsense", "b", (400, "malformed_body", None)),
        (pdf(), "", (400, "malformed_body", None)),
        (b"--b--\r\n", "b", (422, "invalid_request", "required")),
        (
            b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n--b--\r\n',
            "b",
            (422, "invalid_request", "required"),
        ),
        (
            (b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + pdf() + b"\r\n") * 2 + b"--b--\r\n",
            "b",
            (422, "invalid_request", "required"),
        ),
        (
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="a\x00.pdf"\r\n\r\n'
            + pdf()
            + b"\r\n--b--\r\n",
            "b",
            (422, "invalid_request", "invalid_name"),
        ),
        (b"--b\r\n" + b"X: 1\r\n" * 500 + b"\r\n" + pdf() + b"\r\n--b--\r\n", "b", (400, "malformed_body", None)),
    ],
)
async def test_a_form_that_is_none_is_refused(
    desk: Desk, body: bytes, boundary: str, expected: tuple[int, str, str | None]
) -> None:
    claim = await desk.claim()
    headers = desk.office.headers("intake") | {"Idempotency-Key": str(uuid4())}
    headers["Content-Type"] = "multipart/form-data" + (f"; boundary={boundary}" if boundary else "")
    url = f"/v1/books/610923/claims/{claim['id']}/documents?kind=invoice"
    assert code(await desk.office.client.post(url, content=body, headers=headers)) == expected


async def test_what_does_not_exist_or_is_anothers_is_not_found(desk: Desk) -> None:
    claim, other = await desk.claim(), await desk.claim()
    made = await desk.stored(claim["id"], desk.paper())
    assert code(await desk.send(uuid4(), desk.paper())) == (404, "not_found", None)
    assert code(await desk.send(claim["id"], desk.paper(), book="610922")) == (403, "forbidden", None)
    assert code(await desk.send(claim["id"], desk.paper(), kind="nonsense")) == (422, "invalid_request", "unknown_kind")
    for path in (f"/claims/{other['id']}/documents/{made['id']}", f"/claims/{claim['id']}/documents/{uuid4()}"):
        assert code(await desk.office.get(path)) == (404, "not_found", None)
        assert code(await desk.office.post(f"{path}/verification", None, "auditor")) == (404, "not_found", None)
        answer = await desk.office.post(f"{path}/withdrawal", {"reason": "错误"}, "intake")
        assert code(answer) == (404, "not_found", None)


async def test_one_content_is_one_document_of_a_claim_under_whatever_key(desk: Desk) -> None:
    claim, other = await desk.claim(), await desk.claim()
    content = desk.paper()
    first = await desk.send(claim["id"], content, key="same-content")
    again = await desk.send(claim["id"], content, key="same-content")
    assert (first.status_code, again.status_code, again.headers["Idempotent-Replayed"]) == (201, 201, "true")
    assert first.json() == again.json()
    under_another_key = await desk.send(claim["id"], content, "other-name.pdf", kind="other")
    assert (under_another_key.status_code, under_another_key.json()) == (200, first.json())
    changed = await desk.send(claim["id"], desk.paper(), key="same-content")
    assert code(changed) == (409, "idempotency_key_reused", None)
    renamed = await desk.send(claim["id"], content, "b.pdf", key="same-content")
    assert code(renamed) == (409, "idempotency_key_reused", None)

    await desk.stored(other["id"], content)
    [listed] = await desk.listed(claim["id"])
    assert listed["other_claims_with_same_content"] == 1
    names = {path.name.partition(".")[0] for path in desk.files()}
    assert len([path for path in desk.files() if path.name.partition(".")[0] in names]) == len(desk.files())
    assert not list((desk.folder / "incoming").iterdir())


async def test_a_withdrawn_document_stays_on_record_and_is_not_given_out(desk: Desk) -> None:
    claim = await desk.claim()
    content = desk.paper()
    made = await desk.stored(claim["id"], content)
    path = f"/claims/{claim['id']}/documents/{made['id']}"
    refused = await desk.office.post(f"{path}/withdrawal", {"reason": "身份证612424199001011234"}, "intake")
    assert code(refused)[:2] == (422, "personal_data_in_text")
    withdrawn = await desk.office.made(f"{path}/withdrawal", {"reason": "拍错了页"}, "village", sub="village-9")
    assert (withdrawn["state"], withdrawn["withdrawn_by"]) == ("withdrawn", "village-9")
    assert "拍错了页" not in str(withdrawn)
    assert [one["withdrawal_reason"] for one in await desk.listed(claim["id"])] == ["拍错了页"]
    assert code(await desk.office.get(path)) == (409, "document_withdrawn", None)
    again = await desk.office.post(f"{path}/withdrawal", {"reason": "再次"}, "intake")
    assert code(again) == (409, "document_withdrawn", None)
    # What was withdrawn by mistake is handed in again, as another document.
    assert (await desk.stored(claim["id"], content))["id"] != made["id"]
    assert [one["state"] for one in await desk.listed(claim["id"])] == ["withdrawn", "kept"]


async def test_a_claim_takes_so_many_and_none_after_its_end(desk: Desk) -> None:
    claim = await desk.claim()
    for _ in range(MOST_DOCUMENTS):
        await desk.stored(claim["id"], desk.paper())
    before = desk.files()
    assert code(await desk.send(claim["id"], desk.paper())) == (409, "documents_full", None)
    assert desk.files() == before

    ended = await desk.claim()
    made = await desk.stored(ended["id"], desk.paper())
    assert (await desk.office.step(ended, "withdrawal", "intake", note="不再申请")).status_code == 201
    assert code(await desk.send(ended["id"], desk.paper())) == (409, "documents_closed", None)
    path = f"/claims/{ended['id']}/documents/{made['id']}"
    answer = await desk.office.post(f"{path}/withdrawal", {"reason": "错误"}, "intake")
    assert code(answer) == (409, "documents_closed", None)
    assert (await desk.office.get(path, "county")).status_code == 200


async def test_papers_of_an_approval_stay_and_new_ones_may_follow(desk: Desk) -> None:
    claim = await desk.claim()
    made = await desk.stored(claim["id"], desk.paper())
    for step, who in (("town_check", "town"), ("county_approval", "county")):
        assert (await desk.office.step(claim, step, who)).status_code == 201
    await desk.stored(claim["id"], desk.paper(), kind="home_visit_record")
    path = f"/claims/{claim['id']}/documents/{made['id']}/withdrawal"
    answer = await desk.office.post(path, {"reason": "错误"}, "intake")
    assert code(answer) == (409, "documents_closed", None)


async def test_the_list_is_paged_and_the_kinds_are_data(desk: Desk) -> None:
    claim = await desk.claim()
    made = [(await desk.stored(claim["id"], desk.paper()))["id"] for _ in range(3)]
    first = await desk.office.read(f"/claims/{claim['id']}/documents", limit=2)
    rest = await desk.office.read(f"/claims/{claim['id']}/documents", limit=2, cursor=first["next_cursor"])
    assert [one["id"] for one in first["items"] + rest["items"]] == made
    kinds = (await desk.office.read("/document-kinds"))["items"]
    assert {"invoice", "home_visit_record"} <= {kind["code"] for kind in kinds}
    assert all(kind["name_zh"] and kind["name_en"] and kind["source"] in {"pub", "assumed"} for kind in kinds)
