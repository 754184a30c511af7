"""Bytes as transmission and editing spoil them: cut, doubled, exchanged, put in where they do not belong."""

from __future__ import annotations

from hypothesis import strategies as st

NASTY = (
    b"\x00",
    b"\x1b]0;x\x07",
    b"\xff\xfe",
    b"\xe2\x80\xae",
    b"[" * 99,
    b'"',
    b"\\u0000",
    b"1e999",
    b"9" * 400,
)


@st.composite
def mutated(draw: st.DrawFn, sound: st.SearchStrategy[bytes]) -> bytes:
    """A sound text after one to four changes."""
    body = draw(sound)
    for _ in range(draw(st.integers(1, 4))):
        begin, end = sorted((draw(st.integers(0, len(body))), draw(st.integers(0, len(body)))))
        end = min(end, begin + 40)
        change = draw(st.sampled_from(["cut", "drop", "twice", "put", "replace"]))
        if change == "cut":
            body = body[:begin]
        elif change == "drop":
            body = body[:begin] + body[end:]
        elif change == "twice":
            body = body[:end] + body[begin:]
        else:
            new = draw(st.sampled_from(NASTY) | st.binary(max_size=6))
            body = body[:begin] + new + body[end if change == "replace" else begin :]
    return body
