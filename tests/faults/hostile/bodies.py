"""Bodies: JSON that is wrong in one place or in all, forms, files, and bytes that are nothing at all."""

from __future__ import annotations

import json
from random import Random
from typing import Any
from urllib.parse import quote_plus

from tests.faults.hostile.values import FRAGMENTS, LONG, text

JSON = b"application/json"
FORM = b"application/x-www-form-urlencoded"
BROKEN_TYPES = (
    b"",
    b"text/plain",
    b"application/jsonp",
    b"application/x-json",
    b"application",
    b"/",
    b";;;=",
    b"json",
    b"multipart/form-data",
    b"multipart/form-data; boundary=",
    b"multipart/mixed; boundary=i7x",
    b"\xff\xfe",
    FORM,
)
"""None of these is JSON."""
_NO_TEXT = (b"\xff", b"\xc3(", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\x00", b"\xc0\xaf")
"""Bytes that stand in no text."""
_CSV = (
    "",
    "i7x\n",
    "email,name\n",
    "email,name\ni7x,i7x\n",
    "email;name\n=1+1;=cmd|'/c i7x'!A1\n",
    '"email","name\n',
    "email,email,name\na@b,c@d,i7x\n",
    "email,name,seats\nana@mail.example,Ana,99\n",
    "\ufeffemail\tname\nana@mail.example\t\n",
    "email,name\n" + "i7x,i7x\n" * 2000,
    "email,name" + "," * 3000 + "\n",
)
"""Files in which at least one row is bad, or that are none."""


def fragment(chance: Random) -> str:
    """A value as it stands in JSON."""
    return chance.choice(FRAGMENTS) if chance.random() < 0.5 else json.dumps(text(chance))


def sound(example: dict[str, Any]) -> str:
    """The example as it is."""
    return json.dumps(example)


def bent(chance: Random, example: dict[str, Any]) -> str:
    """The example with some fields replaced, left out, or there twice. It may still be usable."""
    members = [(name, json.dumps(value)) for name, value in example.items()]
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        place = chance.randrange(len(members))
        kind = chance.random()
        if kind < 0.75:
            members[place] = members[place][0], fragment(chance)
        elif kind < 0.85:
            members.append((members[place][0], fragment(chance)))
        elif len(members) > 1:
            del members[place]
    return _object(members)


def broken(chance: Random, example: dict[str, Any]) -> bytes:
    """What no route can take for the body it asks for."""
    whole = bent(chance, example) if chance.random() < 0.5 else sound(example)
    kind = chance.randrange(6)
    if kind == 0:
        return whole.encode()[: chance.randrange(1, max(2, len(whole.rstrip("}"))))]
    if kind == 1:
        middle = chance.randrange(1, len(whole))
        return whole.encode()[:middle] + chance.choice(_NO_TEXT) + whole.encode()[middle:] + b"\xff"
    if kind == 2:
        return _scalar(chance)
    if kind == 3:
        return b"[" * chance.choice((1, 500, 2000, 60_000)) + whole.encode()
    if kind == 4:
        return whole.encode(chance.choice(("utf-16", "utf-32"))) + b"\x00"
    name = chance.choice(
        ('"k9q"', '"\\u202ek9q"', '"k9q\\u0000"', '"\\ud800"', '""', '"__proto__"', '"' + "k9q" * 900 + '"')
    )
    return (whole[:-1] + f",{name}:{fragment(chance) or 0}}}").encode()


def form(chance: Random, names: tuple[str, ...], **fixed: str) -> bytes:
    """Fields as browsers send them, with values they would not send; `fixed` ones are what they are."""
    pairs = [(name, text(chance)) for name in names if name not in fixed and chance.random() < 0.8]
    pairs += [*fixed.items()]
    if chance.random() < 0.1:
        pairs += [(text(chance)[:500], text(chance)[:500]) for _ in range(chance.choice((1, 5, 200)))]
        pairs += [*fixed.items()]  # the last one counts
    joined = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs)
    return joined.encode() + (
        chance.choice((b"&%ff=%fe", b"&=&&;;", b"&%", b"&\xff\xfe=\x00")) if chance.random() < 0.2 else b""
    )


def multipart(chance: Random, names: tuple[str, ...]) -> tuple[bytes, bytes]:
    """A form of parts that does not keep to its own boundary, with its content type."""
    boundary = chance.choice((b"i7x", b"i7x" * 20, b"-" * 60))
    parts = []
    for name in (*names, "file"):
        where = b'form-data; name="%s"' % name.encode()
        if name == "file" or chance.random() < 0.2:
            where += b'; filename="%s"' % chance.choice((b"i7x.csv", b"../../i7x", b'"', b"\xff", b"a" * 5000))
        kind = chance.choice(
            (b"", b"\r\nContent-Type: i7x", b"\r\nContent-Transfer-Encoding: base64", b"\r\n" + b"X: y\r\n" * 50)
        )
        parts.append(b"--%s\r\nContent-Disposition: %s%s\r\n\r\n%s" % (boundary, where, kind, text(chance).encode()))
    whole = b"\r\n".join(parts) + b"\r\n--%s--\r\n" % boundary
    said = chance.choice((boundary, boundary, boundary, b"other"))
    whole = whole if chance.random() < 0.4 else whole[: chance.randrange(len(whole))]
    return whole, b"multipart/form-data; boundary=" + said


def sheet(chance: Random) -> bytes:
    """A file of registrants from which nobody can be registered."""
    raw = chance.choice(_CSV).encode(chance.choice(("utf-8", "utf-16", "utf-8-sig")))
    return (
        raw
        if chance.random() < 0.7
        else chance.choice((b"PK\x03\x04", b"\x00" * 500, b"\xff\xfe", b"%PDF", LONG.encode()))
    )


def in_pieces(chance: Random, body: bytes) -> tuple[bytes, ...]:
    """The body in the chunks it comes in, empty ones too."""
    if chance.random() < 0.9:
        return (body,)
    step = max(1, len(body) // chance.choice((1, 2, 5, 10)))
    return (b"", *(body[start : start + step] for start in range(0, len(body), step)), b"")


def _scalar(chance: Random) -> bytes:
    while (value := fragment(chance)).lstrip()[:1] in {"{", "["}:
        pass
    return value.encode()


def _object(members: list[tuple[str, str]]) -> str:
    return "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in members) + "}"
