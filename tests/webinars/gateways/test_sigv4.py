"""AWS signatures, held against the examples that AWS publishes (its "Signature Version 4 test suite")."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from webinars.gateways.sigv4 import AwsKey, signed_headers

KEY = AwsKey("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1", "service")
HOST = "example.amazonaws.com"
MOMENT = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("method", "more", "body", "names", "signature"),
    [
        ("GET", {}, b"", "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", {}, b"", "host;x-amz-date", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            "POST",
            FORM,
            b"Param1=value1",
            "content-type;host;x-amz-date",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
        (
            "GET",
            {"My-Header1": " value1", "My-Header2": ' "a   b   c"'},
            b"",
            "host;my-header1;my-header2;x-amz-date",
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
        ),
    ],
    ids=["get-vanilla", "post-vanilla", "post-x-www-form-urlencoded", "get-header-value-trim"],
)
def test_the_published_examples(method: str, more: dict[str, str], body: bytes, names: str, signature: str) -> None:
    headers = signed_headers(KEY, method, HOST, "/", body, MOMENT, more)
    assert headers["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders={names}, Signature={signature}"
    )
    assert headers["x-amz-date"] == "20150830T123600Z"


def test_every_part_counts() -> None:
    """The control: whatever is changed, the signature is another."""
    said = {
        signed_headers(key, method, host, path, body, now)["authorization"].rpartition("=")[2]
        for key, method, host, path, body, now in [
            (KEY, "POST", HOST, "/", b"a", MOMENT),
            (replace(KEY, secret="another"), "POST", HOST, "/", b"a", MOMENT),
            (replace(KEY, region="eu-west-1"), "POST", HOST, "/", b"a", MOMENT),
            (KEY, "PUT", HOST, "/", b"a", MOMENT),
            (KEY, "POST", "other.amazonaws.com", "/", b"a", MOMENT),
            (KEY, "POST", HOST, "/b", b"a", MOMENT),
            (KEY, "POST", HOST, "/", b"b", MOMENT),
            (KEY, "POST", HOST, "/", b"a", MOMENT.replace(second=1)),
        ]
    }
    assert len(said) == 8


def test_the_secret_is_not_shown() -> None:
    assert KEY.secret not in repr(KEY)
