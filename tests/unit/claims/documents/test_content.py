"""What a file is, told by its bytes: whole ones are recognised, cut, doubled and lying ones are not, however they arrive."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claims.documents.content import JPEG, PDF, PNG, ContentError, Fault, Inspector
from tests.support.papers import PAGE, PROGRAM, archive, docx, jpeg, pdf, png

WHOLE = {
    "png": (png(), PNG),
    "jpeg": (jpeg(), JPEG),
    "jpeg of two scans": (jpeg()[:-2] + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x77" + b"\xff\xd9", JPEG),
    "jpeg with a second picture": (jpeg() + jpeg(b"\x01"), JPEG),
    "jpeg filled up with zeros": (jpeg() + bytes(300) + jpeg(b"\x02") + bytes(9), JPEG),
    "pdf": (pdf(), PDF),
    "pdf with blanks behind": (pdf() + b"\r\n\r\n" + bytes(4), PDF),
    "pdf written twice": (pdf() + b"4 0 obj\n<<>>\nendobj\nxref\n0 1\ntrailer\n<<>>\nstartxref\n20\n%%EOF", PDF),
}
FAULTY = {
    "program": (PROGRAM, Fault.UNKNOWN),
    "page": (PAGE, Fault.UNKNOWN),
    "word": (docx(), Fault.UNKNOWN),
    "archive": (archive(), Fault.UNKNOWN),
    "tiny": (b"\xff\xd8", Fault.UNKNOWN),
    "nothing": (b"", Fault.UNKNOWN),
    "pdf later on": (b"\n" + pdf(), Fault.UNKNOWN),
    "png and an archive": (png() + archive(), Fault.TRAILING),
    "png and one byte": (png() + b"\n", Fault.TRAILING),
    "jpeg and an archive": (jpeg() + archive(), Fault.TRAILING),
    "jpeg and a film": (jpeg() + b"\x00\x00\x00\x18ftypmp42", Fault.TRAILING),
    "jpeg with an archive in its data": (jpeg(archive()), Fault.TRAILING),
    "pdf and a page": (pdf() + PAGE, Fault.TRAILING),
    "pdf and an archive": (pdf() + archive(), Fault.TRAILING),
    "png with a changed byte": (png()[:45] + bytes([png()[45] ^ 1]) + png()[46:], Fault.INCOMPLETE),
    "png without points": (png()[:33] + png()[-12:], Fault.INCOMPLETE),
    "jpeg without a frame": (jpeg().replace(b"\xff\xc0", b"\xff\xe1"), Fault.INCOMPLETE),
    "jpeg without compressed data": (b"\xff\xd8\xff\xe0\x00\x04ab\xff\xd9", Fault.INCOMPLETE),
    "jpeg with a segment of length one": (b"\xff\xd8\xff\xe0\x00\x01" + jpeg()[2:], Fault.INCOMPLETE),
    "pdf that points behind its end": (pdf().replace(b"startxref\n", b"startxref\n9"), Fault.INCOMPLETE),
}


def told(content: bytes, piece: int = 7) -> str:
    inspector = Inspector()
    for start in range(0, len(content), piece):
        inspector.feed(content[start : start + piece])
    return inspector.finish()


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("piece", [1, 7, 100_000])
def test_a_whole_file_is_what_its_content_is(name: str, piece: int) -> None:
    content, media_type = WHOLE[name]
    assert told(content, piece) == media_type


@pytest.mark.parametrize("name", FAULTY)
@pytest.mark.parametrize("piece", [1, 100_000])
def test_what_is_no_document_is_refused_for_what_it_is(name: str, piece: int) -> None:
    content, fault = FAULTY[name]
    with pytest.raises(ContentError) as caught:
        told(content, piece)
    assert caught.value.fault is fault


HOSTILE = {
    "jpeg of nothing but 0xFF": (jpeg()[:-2] + b"\xff" * 2_000_000, Fault.INCOMPLETE),
    "jpeg with a long run of 0xFF": (jpeg()[:-2] + b"\xff" * 2_000_000 + b"\x00", Fault.INCOMPLETE),
    "pdf with blanks before its end": (pdf() + b" " * 65_000 + b"x", Fault.TRAILING),
    "pdf with blanks and zeros before its end": (pdf() + b" \x00" * 32_000 + b"x", Fault.TRAILING),
    "pdf with blanks where its end should point": (b"%PDF-1.7\n" + b"startxref " * 200_000, Fault.INCOMPLETE),
}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("piece", [64 * 1024, 3_000_000])
def test_a_file_made_to_keep_the_reader_busy_is_judged_like_any_other(name: str, piece: int) -> None:
    content, fault = HOSTILE[name]
    with pytest.raises(ContentError) as caught:
        told(content, piece)
    assert caught.value.fault is fault


@pytest.mark.parametrize("content", [png(), jpeg(), pdf()], ids=["png", "jpeg", "pdf"])
def test_a_file_cut_anywhere_is_refused(content: bytes) -> None:
    whole = len(content.rstrip(b"\n"))
    for length in range(whole):
        with pytest.raises(ContentError):
            told(content[:length], 4096)


@settings(deadline=None)
@given(content=st.binary(max_size=400), start=st.sampled_from([b"", png()[:33], jpeg()[:180], b"%PDF-1.7\n"]))
def test_nothing_but_a_refusal_comes_of_any_bytes(content: bytes, start: bytes) -> None:
    with pytest.raises(ContentError):
        told(start + content + b"\x01", 64)
