"""Problems, sealed fields, masks, settings and logs."""

import json
import logging
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_settings import SettingsConfigDict

from common import errors
from common.crypto import (
    ERASED,
    Algorithm,
    DecryptionError,
    ErasedError,
    FieldCipher,
    KeyFileError,
    KeyRing,
    SealingKey,
    _Sm4Gcm,
    mask_account,
    mask_id_number,
    mask_phone,
)
from common.errors import FieldError, Problem, ProblemType, check_types, preferred_language, unavailable
from common.logging import configure_logging, get_logger, redact
from common.request_id import begin_request, current_request_id
from common.settings import SealingSettings, ServiceSettings, key_bytes, load_settings

ID_NUMBER = "612424199001011234"


# ---- problems -----------------------------------------------------------------------------------------


def test_each_shared_code_has_one_status_and_speaks_both_languages() -> None:
    check_types(errors.SHARED)
    for problem_type in errors.SHARED:
        assert all((problem_type.title_zh, problem_type.title_en, problem_type.detail_zh, problem_type.detail_en))
        assert not problem_type.title_en.startswith(problem_type.title_zh)
    assert {one.status for one in errors.SHARED} == {400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 428, 500, 503}


def test_a_code_has_one_meaning() -> None:
    with pytest.raises(ValueError, match="two meanings"):
        check_types([*errors.SHARED, ProblemType("not_found", 409, "x", "x")])
    with pytest.raises(ValueError, match="bad problem code"):
        check_types([ProblemType("Not-Found", 404, "x", "x")])


def test_a_problem_renders_as_rfc_9457_in_both_languages() -> None:
    kind = ProblemType("too_much", 409, "超额", "Too much", "还剩 {left_fen} 分。", "{left_fen} fen are left.")
    problem = kind.error("amount_fen", 3, errors=[FieldError("a", "b", "甲", "A")], left_fen=12)
    problem.instance = "request-1"
    assert problem.render("en") == {
        "type": "urn:fangpin:problem:too_much",
        "code": "too_much",
        "title": "Too much",
        "status": 409,
        "detail": "12 fen are left.",
        "instance": "urn:fangpin:request:request-1",
        "field": "amount_fen",
        "line": 3,
        "errors": [{"field": "a", "code": "b", "detail": "A"}],
        "left_fen": 12,
    }
    assert (problem.render("zh")["title"], problem.render("zh")["detail"]) == ("超额", "还剩 12 分。")
    assert str(problem) == "too_much (amount_fen)"


def test_a_forgotten_parameter_does_not_turn_a_refusal_into_an_error() -> None:
    assert ProblemType("c", 409, "t", "t", "{gone}", "{gone}").error().render("en")["detail"] == "–"


def test_a_parameter_cannot_replace_the_problems_own_words() -> None:
    with pytest.raises(ValueError, match="status"):
        errors.NOT_FOUND.error(status=200)


@given(
    st.sampled_from(errors.SHARED),
    st.none() | st.text(max_size=9),
    st.none() | st.integers(1, 9),
    st.dictionaries(
        st.sampled_from(["available_fen", "codes"]),
        st.integers() | st.lists(st.text(max_size=3), max_size=2) | st.booleans(),
    ),
)
def test_a_stored_problem_comes_back_whole(
    kind: ProblemType, field: str | None, line: int | None, params: dict[str, int | list[str] | bool]
) -> None:
    problem = kind.error(field, line, errors=[FieldError("f", "c", "甲", "e")], **params)  # type: ignore[arg-type] # none of them is `headers`
    problem.instance = "request-1"
    stored = json.loads(json.dumps(problem.to_stored()))
    back = Problem.from_stored(stored)
    assert (back.render("zh"), back.render("en")) == (problem.render("zh"), problem.render("en"))


@pytest.mark.parametrize("stored", [{}, {"code": "x"}, {"code": 1, "status": "x"}])
def test_a_row_that_is_no_problem_is_refused(stored: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not a stored problem"):
        Problem.from_stored(stored)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "zh"),
        ("", "zh"),
        ("*", "zh"),
        ("zh", "zh"),
        ("zh-CN", "zh"),
        ("zh-Hant-TW", "zh"),
        ("en", "en"),
        ("EN-us", "en"),
        ("en,zh", "en"),
        ("zh,en", "zh"),
        ("en;q=0.5,zh;q=0.9", "zh"),
        ("en;q=0.9,zh;q=0.5", "en"),
        ("fr,de;q=0.5", "zh"),
        ("fr,en;q=0.1", "en"),
        ("en;q=0", "zh"),
        ("en;q=0,zh;q=0", "zh"),
        ("en;q=2", "zh"),
        ("en;q=abc", "zh"),
        ("english", "zh"),
        (";;;,,,q=", "zh"),
        ("en;q=1.000", "en"),
        (", ".join(["fr"] * 100 + ["en"]), "zh"),
    ],
)
def test_the_language_is_chinese_unless_english_is_preferred(header: str | None, language: str) -> None:
    assert preferred_language(header) == language


@given(st.text())
def test_no_language_header_is_an_error(header: str) -> None:
    assert preferred_language(header) in {"zh", "en"}


def test_unavailable_says_when_to_come_back() -> None:
    assert (unavailable().status, unavailable().headers) == (503, {"Retry-After": "2"})


# ---- sealed fields ------------------------------------------------------------------------------------


def ring(current: str = "k1", *ids: str) -> KeyRing:
    """A ring whose ids tell their algorithm: `s…` is SM4's."""
    keys = {
        key_id: SealingKey(key_id.encode().ljust(16, b"x"), Algorithm.SM4_GCM)
        if key_id.startswith("s")
        else SealingKey(key_id.encode().ljust(32, b"x"))
        for key_id in (current, *ids)
    }
    return KeyRing(current, keys, b"i" * 32)


@given(
    st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
)
def test_a_sealed_text_opens_only_in_its_context(plain: str, context: str) -> None:
    cipher = FieldCipher(ring())
    sealed = cipher.encrypt(plain, context)
    assert cipher.decrypt(sealed, context) == plain
    assert cipher.encrypt(plain, context) != sealed
    with pytest.raises(DecryptionError):
        cipher.decrypt(sealed, context + "x")


@pytest.mark.parametrize("key", ["k1", "s1"])
def test_any_changed_byte_is_found(key: str) -> None:
    cipher = FieldCipher(ring(key))
    sealed = cipher.encrypt(ID_NUMBER, "member.id_number")
    assert ID_NUMBER.encode() not in sealed
    for position in range(len(sealed)):
        for bit in (1, 128):
            changed = bytearray(sealed)
            changed[position] ^= bit
            with pytest.raises(DecryptionError):
                cipher.decrypt(bytes(changed), "member.id_number")
    for length in range(len(sealed)):
        with pytest.raises(DecryptionError):
            cipher.decrypt(sealed[:length], "member.id_number")


def test_sm4_gcm_is_that_of_rfc_8998() -> None:
    cipher = _Sm4Gcm(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))
    nonce = bytes.fromhex("00001234567800000000ABCD")
    aad = bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2")
    plain = bytes.fromhex("".join(letter * 16 for letter in "ABCDEFEA"))
    sealed = bytes.fromhex(
        "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397"
        "B4024A2691233B8D83DE3541E4C2B58177E065A9BF7B62EC"
    )
    assert cipher.encrypt(nonce, plain, aad) == sealed
    assert cipher.decrypt(nonce, sealed, aad) == plain


def test_aes_and_sm4_open_side_by_side_and_say_which_they_are() -> None:
    aes, sm4 = FieldCipher(ring("k1", "s1")), FieldCipher(ring("s1", "k1"))
    assert (aes.current_algorithm, sm4.current_algorithm) == ("aes-256-gcm", "sm4-gcm")
    for one, other, number in ((aes, sm4, 1), (sm4, aes, 2)):
        sealed = one.encrypt(ID_NUMBER, "c")
        assert (sealed[0], sealed.startswith(one.current_header)) == (number, True)
        assert other.decrypt(sealed, "c") == ID_NUMBER
        assert other.needs_resealing(sealed)


def test_what_was_erased_says_so_and_is_not_sealed_anew() -> None:
    cipher = FieldCipher(ring())
    assert not cipher.needs_resealing(ERASED)
    with pytest.raises(ErasedError):
        cipher.decrypt(ERASED, "c")
    assert mask_id_number("erased") == mask_account("erased") == "erased"


def test_an_old_key_still_opens_after_rotation_and_asks_to_be_replaced() -> None:
    old, new = FieldCipher(ring("k1")), FieldCipher(ring("k2", "k1"))
    sealed = old.encrypt("x", "c")
    assert new.decrypt(sealed, "c") == "x"
    assert (new.needs_resealing(sealed), new.needs_resealing(new.encrypt("x", "c"))) == (True, False)
    with pytest.raises(DecryptionError, match="not in the key file"):
        old.decrypt(new.encrypt("x", "c"), "c")


def test_a_blind_index_is_equal_for_equal_texts_of_one_context_and_key_only() -> None:
    one, other = FieldCipher(ring()), FieldCipher(KeyRing("k1", ring().keys, b"j" * 32))
    index = one.blind_index(ID_NUMBER, "member.id_number")
    assert len(index) == 32
    assert index == FieldCipher(ring("k2")).blind_index(ID_NUMBER, "member.id_number")
    strangers = {
        one.blind_index(ID_NUMBER, "member.phone"),
        one.blind_index(ID_NUMBER + "0", "member.id_number"),
        other.blind_index(ID_NUMBER, "member.id_number"),
    }
    assert index not in strangers
    assert len(strangers) == 3


def _ring_of(key: object) -> dict[str, object]:
    return {"current": "k1", "keys": {"k1": key}, "index_key": "ef" * 32}


def test_a_key_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"current": "k1", "keys": {"k1": "ab" * 32, "k0": "cd" * 32}, "index_key": "ef" * 32}))
    read = KeyRing.from_file(path)
    assert (read.current, sorted(read.keys), read.index_key) == ("k1", ["k0", "k1"], b"\xef" * 32)
    assert "abab" not in repr(read)
    assert "\\xab" not in repr(read)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (None, "cannot read"),
        ("{", "not JSON"),
        ("[]", "must hold"),
        ('{"current": "k1"}', "must hold"),
        ({"current": "k2", "keys": {"k1": "ab" * 32}, "index_key": "ef" * 32}, "not among the keys"),
        (
            {"current": "k1", "keys": {"k1": "zz" * 32}, "index_key": "ef" * 32},
            "k1 in the key file must be hexadecimal",
        ),
        ({"current": "k1", "keys": {"k1": "ab" * 16}, "index_key": "ef" * 32}, "32 bytes"),
        ({"current": "k1", "keys": {"k1": "ab" * 32}, "index_key": "ef"}, "index key must have 32 bytes"),
        ({"current": "k1", "keys": {"k1": "ab" * 32}, "index_key": "ab" * 32}, "must not also encrypt"),
        ({"current": "k 1", "keys": {"k 1": "ab" * 32}, "index_key": "ef" * 32}, "key id"),
        ({"current": "k1", "keys": {"k1": 7}, "index_key": "ef" * 32}, "hexadecimal"),
        (_ring_of({"algorithm": "sm4-gcm", "key": "ab" * 32}), "16 bytes for sm4-gcm"),
        (_ring_of({"algorithm": "des", "key": "ab" * 16}), "one of: aes-256-gcm, sm4-gcm"),
        (_ring_of({"algorithm": "sm4-gcm"}), "hexadecimal"),
    ],
)
def test_a_wrong_key_file_is_explained_without_its_keys(tmp_path: Path, content: object, fault: str) -> None:
    path = tmp_path / "keys.json"
    if content is not None:
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(KeyFileError, match=fault) as refusal:
        KeyRing.from_file(path)
    assert "abab" not in str(refusal.value)


def test_masks_show_only_the_ends() -> None:
    assert mask_id_number(ID_NUMBER) == "612424********1234"
    assert mask_phone("13812345678") == "138****5678"
    assert mask_account("6222021234567890128") == "***************0128"
    assert (mask_id_number("6124241234"), mask_phone("1381234"), mask_account("1234"), mask_account("")) == (
        "*" * 10,
        "*" * 7,
        "****",
        "",
    )


# ---- settings -----------------------------------------------------------------------------------------


class SampleSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="SAMPLE_")


GOOD_SETTINGS = {
    "SAMPLE_DATABASE_URL": "postgresql://user:password@127.0.0.1/sample",
    "SAMPLE_JWKS": "/keys.json",
    "SAMPLE_ISSUER": "urn:issuer",
    "SAMPLE_FINGERPRINT_KEY": "ab" * 32,
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in GOOD_SETTINGS.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.usefixtures("environment")
def test_settings_come_from_the_environment_and_hide_their_secrets() -> None:
    settings = load_settings(SampleSettings)
    assert key_bytes(settings.fingerprint_key) == b"\xab" * 32
    assert (settings.audience, settings.pool_size, settings.owner_database_url) == ("fangpin", 8, None)
    assert "abab" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("SAMPLE_ISSUER", None, "SAMPLE_ISSUER: This is required.\n"),
        (
            "SAMPLE_DATABASE_URL",
            "mysql://user:password@host/x",
            "SAMPLE_DATABASE_URL: must be an address that starts with postgresql://\n",
        ),
        ("SAMPLE_FINGERPRINT_KEY", "password", "SAMPLE_FINGERPRINT_KEY: must be hexadecimal\n"),
        (
            "SAMPLE_FINGERPRINT_KEY",
            "ab",
            "SAMPLE_FINGERPRINT_KEY: must have at least 32 bytes (64 hexadecimal digits)\n",
        ),
        ("SAMPLE_POOL_SIZE", "many", "SAMPLE_POOL_SIZE: Must be an integer.\n"),
        ("SAMPLE_LOG_LEVEL", "LOUD", "SAMPLE_LOG_LEVEL: Must be one of: 'DEBUG', 'INFO', 'WARNING' or 'ERROR'.\n"),
    ],
)
def test_a_wrong_setting_ends_the_process_with_one_clear_line(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str | None, line: str
) -> None:
    if value is None:
        environment.delenv(name)
    else:
        environment.setenv(name, value)
    with pytest.raises(SystemExit) as exit_status:
        load_settings(SampleSettings)
    assert exit_status.value.code == 2
    assert capsys.readouterr().err == line


class SealedSample(SealingSettings):
    model_config = SettingsConfigDict(env_prefix="SAMPLE_")


def test_the_key_ring_comes_from_a_file_or_from_a_variable(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text, path = json.dumps(_ring_of({"algorithm": "sm4-gcm", "key": "ab" * 16})), tmp_path / "keys.json"
    environment.setenv("SAMPLE_KEY_RING", text)
    settings = load_settings(SealedSample)
    assert settings.ring().keys["k1"].algorithm is Algorithm.SM4_GCM
    assert "abab" not in repr(settings)
    environment.delenv("SAMPLE_KEY_RING")
    path.write_text(text)
    environment.setenv("SAMPLE_KEY_FILE", str(path))
    assert load_settings(SealedSample).ring().current == "k1"


@pytest.mark.parametrize(
    ("ring_text", "file", "line"),
    [
        (None, None, "SAMPLE_KEY_RING: exactly one of KEY_FILE and KEY_RING is required.\n"),
        ("{", None, "SAMPLE_KEY_RING: the key ring is not JSON.\n"),
        (None, "/nowhere", "SAMPLE_KEY_FILE: cannot read the key file /nowhere: No such file or directory.\n"),
    ],
)
def test_without_a_usable_key_ring_nothing_starts(
    environment: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    ring_text: str | None,
    file: str | None,
    line: str,
) -> None:
    for name, value in (("SAMPLE_KEY_RING", ring_text), ("SAMPLE_KEY_FILE", file)):
        if value is not None:
            environment.setenv(name, value)
    with pytest.raises(SystemExit):
        load_settings(SealedSample)
    assert capsys.readouterr().err == line


# ---- logs ---------------------------------------------------------------------------------------------


@pytest.fixture
def log() -> Iterator[StringIO]:
    stream = StringIO()
    handlers = logging.getLogger().handlers
    configure_logging("sample", stream=stream)
    yield stream
    logging.getLogger().handlers = handlers


def last(log: StringIO) -> dict[str, object]:
    line: dict[str, object] = json.loads(log.getvalue().splitlines()[-1])
    return line


def test_an_event_is_one_line_with_service_request_time_and_level(log: StringIO) -> None:
    begin_request("request-0001")
    get_logger("here").info("entry_posted", seq=7, 名="汉字\n二")
    line = last(log)
    assert {
        "event": "entry_posted",
        "seq": 7,
        "service": "sample",
        "request_id": "request-0001",
        "level": "info",
        "logger": "here",
    }.items() <= line.items()
    assert "汉字" in log.getvalue()
    assert "at" in line


def test_the_standard_librarys_records_take_the_same_form(log: StringIO) -> None:
    logging.getLogger("uvicorn.error").warning("started %s", "8001")
    assert (last(log)["event"], last(log)["service"]) == ("started 8001", "sample")


def test_no_personal_number_reaches_the_log(log: StringIO) -> None:
    logger = get_logger("here")
    logger.info(
        "seen " + ID_NUMBER,  # noqa: G003 - what a careless caller would do
        a={"b": [f"x{ID_NUMBER}", {"c": "13812345678"}]},
        n=int(ID_NUMBER),
        token="abc",
        Authorization="Bearer x",
    )
    logging.getLogger("library").error("failed for %s", "6222 0212 3456 7890 128")
    try:
        int(f"bad value {ID_NUMBER}")
    except ValueError:
        logger.exception("failed", detail=ID_NUMBER)
    text = log.getvalue()
    for secret in (ID_NUMBER, "13812345678", "7890 128", "Bearer x", "abc"):
        assert secret not in text
    # What is harmless in a traceback stays.
    assert "Traceback" in str(last(log)["exception"])


def test_ids_dates_and_amounts_stay_readable_in_the_log() -> None:
    event = {
        "event": "entry_posted",
        "id": "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f0",
        "on": "2026-01-05",
        "amount_fen": 50_980_000,
        "ms": 1.5,
        "ok": True,
        "none": None,
    }
    assert redact(None, "info", dict(event)) == event


def test_a_request_id_that_could_be_a_person_is_not_taken() -> None:
    assert begin_request("trace-0001") == current_request_id() == "trace-0001"
    for bad in (ID_NUMBER, "138-1234-5678", "x\ny-123456", "short", "汉字汉字汉字汉字", None):
        assert begin_request(bad) != bad
