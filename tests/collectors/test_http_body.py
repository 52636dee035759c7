from __future__ import annotations

import gzip
import zlib
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.http_body import (
    BadEncodingError,
    BodyBudget,
    BodyTooLargeError,
    BoundedBody,
    content_coding,
)

TEXT = "郑州市上街区".encode() * 50


def decoded(coding: str, wire: bytes, *, step: int = 7, max_bytes: int = 10_000) -> bytes:
    body = BoundedBody(coding, max_bytes=max_bytes)
    for start in range(0, len(wire), step):
        body.feed(wire[start : start + step])
    return body.finish()


@settings(max_examples=100, deadline=None)
@given(
    text=st.binary(max_size=3000),
    step=st.integers(1, 500),
    coding=st.sampled_from(["", "gzip", "deflate", "raw"]),
)
def test_whatever_is_packed_comes_back(text: bytes, step: int, coding: str) -> None:
    if coding == "raw":
        squeeze = zlib.compressobj(wbits=-15)
        assert decoded("deflate", squeeze.compress(text) + squeeze.flush(), step=step) == text
        return
    pack = {"": bytes, "gzip": gzip.compress, "deflate": zlib.compress}[coding]
    assert decoded(coding, pack(text), step=step) == text


@settings(max_examples=100, deadline=None)
@given(wire=st.binary(max_size=500), coding=st.sampled_from(["gzip", "deflate"]))
def test_garbage_is_a_bad_encoding_and_nothing_else(wire: bytes, coding: str) -> None:
    with suppress(BadEncodingError, BodyTooLargeError):
        assert len(decoded(coding, wire)) <= 10_000


def test_gzip_members_are_joined_and_padding_is_ignored() -> None:
    wire = gzip.compress(TEXT[:90]) + gzip.compress(TEXT[90:]) + b"\0" * 100
    assert decoded("gzip", wire) == TEXT


@pytest.mark.parametrize("keep", [1, 5, 20, -9, -1])
def test_a_cut_stream_is_an_error(keep: int) -> None:
    with pytest.raises(BadEncodingError):
        decoded("gzip", gzip.compress(TEXT)[:keep])


def test_an_empty_body_is_empty_whatever_its_coding_says() -> None:
    assert decoded("gzip", b"") == b""


@pytest.mark.parametrize("coding", ["", "gzip"])
def test_the_bound_holds_to_the_byte(coding: str) -> None:
    wire = gzip.compress(TEXT) if coding else TEXT
    assert decoded(coding, wire, max_bytes=len(TEXT)) == TEXT
    with pytest.raises(BodyTooLargeError):
        decoded(coding, wire, max_bytes=len(TEXT) - 1)


@pytest.mark.parametrize("coding", ["", "gzip"])
def test_cut_keeps_the_first_bytes(coding: str) -> None:
    body = BoundedBody(coding, max_bytes=100, cut=True)
    body.feed(gzip.compress(TEXT) if coding else TEXT)
    assert body.full
    assert body.finish() == TEXT[:100]


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        ("", ""),
        ("identity", ""),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("deflate", "deflate"),
        ("identity, gzip", "gzip"),
        (" gzip , ", "gzip"),
    ],
)
def test_codings_we_ask_for(header: str, coding: str) -> None:
    assert content_coding(header) == coding


@pytest.mark.parametrize("header", ["br", "zstd", "gzip, gzip", "gzip, br", "compress", "中"])
def test_other_codings_are_refused(header: str) -> None:
    with pytest.raises(BadEncodingError):
        content_coding(header)


def test_a_crowd_of_large_bodies_is_ended_and_small_ones_go_on() -> None:
    budget = BodyBudget(max_bytes=1000, fair_bytes=100)
    large = [BoundedBody("", max_bytes=10_000, budget=budget) for _ in range(2)]
    for body in large:
        body.feed(b"x" * 500)
    small = BoundedBody("", max_bytes=10_000, budget=budget)
    small.feed(b"x" * 100)
    with pytest.raises(BodyTooLargeError):
        large[0].feed(b"x")
    large[0].release()
    large[1].feed(b"x")
    for body in (large[1], small):
        body.release()
    assert budget.held == 0
