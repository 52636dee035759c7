from __future__ import annotations

import base64
import gzip
import quopri
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.mail_parser import (
    MAX_MESSAGE_BYTES,
    Mail,
    RawMail,
    decode_header,
    mail_entry,
    parse_mail,
    read_mails,
    read_mbox,
    without_history,
)
from collectors.tables import RowProblem, TableError

NOW = datetime(2026, 6, 1, tzinfo=UTC)
WORDS = "路灯坏了三天，没有人来修理，请尽快处理。"


def mail(head: str, body: bytes = b"", *, encoding: str = "utf-8") -> Mail:
    return parse_mail(head.encode(encoding).replace(b"\n", b"\r\n") + b"\r\n\r\n" + body, NOW)


def word(text: str, charset: str, kind: str = "b") -> str:
    raw = text.encode(charset)
    if kind == "b":
        return f"=?{charset}?b?{base64.b64encode(raw).decode()}?="
    packed = quopri.encodestring(raw, header=True).decode().replace("=\n", "")
    return f"=?{charset}?q?{packed}?="


# Headers


@pytest.mark.parametrize("charset", ["utf-8", "gb2312", "gbk", "gb18030", "big5", "iso-2022-jp"])
@pytest.mark.parametrize("kind", ["b", "q"])
def test_a_subject_is_read_in_its_charset(charset: str, kind: str) -> None:
    text = "道路" if charset in ("iso-2022-jp", "big5") else "路灯坏了"
    assert mail(f"Subject: {word(text, charset, kind)}").subject == text


@pytest.mark.parametrize("charset", ["utf-8", "gb2312", "gbk", "GB18030", "big5"])
def test_a_raw_eight_bit_subject_is_read(charset: str) -> None:
    text = "關於道路照明損壞的投訴信件" if charset == "big5" else "关于道路照明损坏的投诉信件"
    assert mail(f"Subject: {text}", encoding=charset).subject == text


def test_gb2312_holds_characters_that_only_gb18030_has() -> None:
    raw = base64.b64encode("㙟镕村".encode("gb18030")).decode()
    assert mail(f"Subject: =?gb2312?B?{raw}?=").subject == "㙟镕村"


def test_a_character_cut_over_two_words_is_joined() -> None:
    raw = "路灯".encode()
    first, second = (base64.b64encode(part).decode() for part in (raw[:4], raw[4:]))
    assert mail(f"Subject: =?utf-8?B?{first}?=\n =?utf-8?B?{second}?=").subject == "路灯"


def test_words_of_two_charsets_stand_side_by_side() -> None:
    subject = f"{word('路灯', 'utf-8')} {word('坏了', 'gb2312')} asap {word('请修', 'utf-8')}"
    assert mail(f"Subject: {subject}").subject == "路灯坏了 asap 请修"


@pytest.mark.parametrize(
    "subject",
    [
        "=?utf-8?B?6Lev54Gv?=",
        "=?utf-8?B?6Lev54Gv=?=",
        "=?utf-8?B?6Lev 54Gv?=",
        "=?UTF-8*zh?b?6Lev54Gv?=",
    ],
)
def test_words_that_break_the_rules_are_read_all_the_same(subject: str) -> None:
    assert decode_header(subject) == "路灯"


def test_a_header_cannot_carry_lines_or_unseen_characters() -> None:
    subject = mail(
        f"Subject: {word(chr(0x202E) + 'a' + chr(10) + 'Bcc: x' + chr(0), 'utf-8')}"
    ).subject
    assert subject == "a Bcc: x"


def test_the_sender_goes_nowhere_but_the_field_for_the_hash() -> None:
    seen = mail(f"From: {word('某市民', 'gbk')} <Canary@Example.CN>\nSubject: a", b"text")
    assert seen.author_raw == "canary@example.cn"
    assert "canary" not in repr(seen)


def test_dates_become_utc_and_bad_ones_none() -> None:
    assert mail("Date: Wed, 13 May 2026 10:12:00 +0800").sent == datetime(
        2026, 5, 13, 2, 12, tzinfo=UTC
    )
    assert (mail("Date: yesterday-ish").sent, mail("Subject: a").date_flag) == (None, "missing")


def test_a_message_without_an_id_gets_one_of_its_bytes() -> None:
    assert mail("Message-ID: <a@b>").message_id == "a@b"
    assert mail("Subject: a").message_id == mail("Subject: a").message_id
    assert mail("Subject: a").message_id != mail("Subject: b").message_id


# Bodies


@pytest.mark.parametrize("charset", ["utf-8", "gb2312", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("coding", ["base64", "quoted-printable", "8bit"])
def test_a_body_is_read_in_its_charset(charset: str, coding: str) -> None:
    raw = WORDS.encode(charset)
    packed = {
        "base64": base64.encodebytes(raw),
        "quoted-printable": quopri.encodestring(raw),
        "8bit": raw,
    }[coding]
    if (charset, coding) == ("utf-16", "8bit"):
        pytest.skip("no mailer can send NULs in eight bits")
    head = f"Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: {coding}"
    assert mail(head, packed).text == WORDS


@pytest.mark.parametrize("charset", ["x-unknown", "us-ascii", "utf-8", ""])
def test_a_wrong_or_missing_charset_is_guessed(charset: str) -> None:
    head = f"Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: 8bit"
    assert mail(head, (WORDS * 3).encode("gb18030")).text == WORDS * 3


def built(*, plain: str | None = None, page: str | None = None) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = "路灯"
    if plain is not None:
        message.set_content(plain)
    if page is not None:
        (message.add_alternative if plain is not None else message.set_content)(
            page, subtype="html"
        )
    return message


def test_plain_text_is_preferred_and_html_stands_in() -> None:
    page = "<style>p{}</style><p>路灯<b>坏</b>了</p><p>请修</p><script>x()</script>"
    assert parse_mail(built(plain="明文", page=page).as_bytes(), NOW).text == "明文"
    assert parse_mail(built(page=page).as_bytes(), NOW).text == "路灯坏了\n请修"
    assert parse_mail(built(plain=" \n", page=page).as_bytes(), NOW).text == "路灯坏了\n请修"


def test_attachments_are_named_and_not_read() -> None:
    message = built(plain="见附件")
    message.add_attachment(b"canary", maintype="image", subtype="jpeg", filename="现场照片.jpg")
    message.add_attachment("canary", filename="说明.txt")
    message.add_attachment(built(plain="canary inner"))
    seen = parse_mail(message.as_bytes(), NOW)
    assert seen.attachments == ("现场照片.jpg", "说明.txt", "(message/rfc822)")
    assert seen.text == "见附件"
    assert mail_entry(seen, "letters").text == (
        "见附件\n附件：现场照片.jpg、说明.txt、(message/rfc822)"
    )


@pytest.mark.parametrize(
    "disposition",
    [
        f'attachment; filename="{word("照片.jpg", "gbk")}"',
        "attachment; filename*=gb2312''%D5%D5%C6%AC.jpg",
        "attachment; filename*0*=utf-8''%E7%85%A7; filename*1*=%E7%89%87.jpg",
        'attachment; filename="..\\..\\照片.jpg"',
        'attachment; filename="/etc/照片.jpg"',
    ],
)
def test_names_of_attachments_are_read_however_they_are_written(disposition: str) -> None:
    head = f"Content-Type: image/jpeg\nContent-Disposition: {disposition}"
    assert mail(head, b"x").attachments == ("照片.jpg",)


@pytest.mark.parametrize(
    "line",
    [
        "-----原始邮件-----",
        "------------------ 原始邮件 ------------------",
        "在 2026-05-13 10:12:00，政务信箱 写道：",
        "On Wed, May 13, 2026 at 10:12 AM Office wrote:",
        "-----Original Message-----",
    ],
)
def test_what_a_reply_repeats_is_left_out(line: str) -> None:
    assert without_history(f"还没有修好。\n\n{line}\n> 路灯坏了") == "还没有修好。"
    assert without_history(f"{line}\n转来一封信") == f"{line}\n转来一封信"


def test_a_sentence_about_writing_is_no_history() -> None:
    assert without_history("他在信里写道：路灯坏了。\n请修") == "他在信里写道：路灯坏了。\n请修"


# Mboxes


def test_an_mbox_is_split_at_its_from_lines_only(tmp_path: Path) -> None:
    path = tmp_path / "a.mbox"
    path.write_bytes(
        b"From a@b Wed May 13 10:12:00 2026\nSubject: 1\n\nFrom here on 5 lines\n>From there\n\n"
        b"From a@b Wed May 13 10:13:00 2026\nSubject: 2\n\ntwo\n"
    )
    mails = [found for found in read_mails(path, NOW) if isinstance(found, Mail)]
    assert [found.subject for found in mails] == ["1", "2"]
    assert mails[0].text == "From here on 5 lines\nFrom there"


def test_one_message_alone_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "a.eml"
    path.write_bytes(b"Subject: 1\n\none\n")
    assert [found.subject for found in read_mails(path, NOW) if isinstance(found, Mail)] == ["1"]


def test_a_message_over_the_bound_is_named_and_the_rest_goes_in(tmp_path: Path) -> None:
    path = tmp_path / "a.mbox"
    start = b"From a@b Wed May 13 10:12:00 2026\n"
    filler = (b"x" * 999 + b"\n") * (MAX_MESSAGE_BYTES // 1000 + 2)
    path.write_bytes(start + b"Subject: 1\n\n" + filler + b"\n" + start + b"Subject: 2\n\ntwo\n")
    first, second = read_mbox(path)
    assert isinstance(first, RowProblem)
    assert str(first).startswith("a.mbox:1: ")
    assert isinstance(second, RawMail)
    assert second.number == 2


@pytest.mark.parametrize("content", [None, b"", b"\n\n"])
def test_a_file_without_mail_is_one_clear_line(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.mbox"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TableError, match=r"a\.mbox"):
        list(read_mbox(path))


# Whatever comes


def test_parts_nested_beyond_reason_do_not_raise() -> None:
    levels = 3000
    head = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
        for n in range(levels)
    )
    parse_mail(b"Subject: deep\r\n" + head + b"\r\ntext\r\n", NOW)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_garbage_never_raises(raw: bytes) -> None:
    parse_mail(raw, NOW)
    parse_mail(b"Content-Type: text/html; charset=" + raw, NOW)
    parse_mail(b"Subject: =?" + raw + b"?=\r\nContent-Transfer-Encoding: base64\r\n\r\n" + raw, NOW)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 400))
def test_a_damaged_message_never_raises(piece: bytes, at: int) -> None:
    message = built(plain=WORDS, page=f"<p>{WORDS}</p>")
    message.add_attachment(b"x", maintype="image", subtype="jpeg", filename="现场.jpg")
    raw = message.as_bytes()
    parse_mail(raw[:at] + piece + raw[at + len(piece) :], NOW)


@settings(max_examples=100, deadline=None)
@given(
    st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=40)
)
def test_any_subject_comes_back(text: str) -> None:
    assert decode_header(word(text, "utf-8")) in (text, decode_header(text))


def test_real_mboxes_are_read_whole(shared: Path, tmp_path: Path) -> None:
    for name, count in (("spam-1", 500), ("easy-ham-2", 1400)):
        packed = shared / "corpus" / "feedback" / "spamassassin" / f"{name}.mbox.gz"
        path = tmp_path / f"{name}.mbox"
        path.write_bytes(gzip.decompress(packed.read_bytes()))
        mails = [found for found in read_mails(path, NOW) if isinstance(found, Mail)]
        assert len(mails) == count
        assert sum(bool(found.text) for found in mails) >= count - 2
