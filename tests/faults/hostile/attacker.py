"""Makes hostile requests, each wrong in its own way, and all that surrounds them hostile as well.

Those of `Attacker` can never succeed. What only reads may: it must change nothing. What would change something carries
at least one thing that forbids it: a caller who may not, a target that is not there, a body that is no such body, a
version that is gone, a key too long. `Insider` leaves that away: whoever may do something does it with hostile values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from random import Random
from uuid import UUID

from api.middleware.body_limit import PUBLIC_LIMIT
from tests.faults.hostile import bodies, values
from tests.faults.hostile.places import Place
from tests.faults.hostile.targets import Targets
from tests.support.asgi import HERE, RawRequest

Head = list[tuple[bytes, bytes]]
STRANGE_METHODS = ("PUT", "TRACE", "CONNECT", "OPTIONS", "PROPFIND", "MKCOL", "LOCK", "PURGE", "QUERY", "BREW")
"""No route answers one of these."""
_STRANGER = {"email": "stranger@i7x.example"}
"""Who is registered gets told so, even where nobody else can register any more."""
_HUGE = (b"content-length", b"99999999")
_NOWHERE = ("/api", "/api/", "/api/v1", "/api/v1/", "/api/v0/topics", "/api/v1/topics/", "/API/V1/topics", "/m", "/j/")
_NOWHERE += ("/static", "/static/", "/console/", "/.git/config", "/wp-login.php", "/my-registration/", "/dev/mail/")
_WRONG_FIELDS = {
    "title": "",
    "date": "<i7x>",
    "label": "",
    "capacity": "<i7x>",
    "email": "<i7x>",
    "slug": "<i7x>",
    "session_id": str(UUID(int=0)),
    "minutes": "<i7x>",
    "version": "-7",
}
"""A form of the console with one of these is not done. The first one that it has counts."""
_NOISE = (
    b"host",
    b"x-forwarded-for",
    b"x-forwarded-proto",
    b"x-forwarded-host",
    b"forwarded",
    b"x-real-ip",
    b"x-http-method-override",
    b"x-original-url",
    b"accept",
    b"accept-language",
    b"accept-encoding",
    b"content-encoding",
    b"content-length",
    b"transfer-encoding",
    b"cookie",
    b"user-agent",
    b"referer",
    b"origin",
    b"range",
    b"if-none-match",
    b"if-modified-since",
    b"if-match",
    b"expect",
    b"upgrade",
    b"traceparent",
)


class Attacker:
    """An endless source; the same seed gives the same requests.

    Args:
        network: the address that all come from. Without one they come from very many, so that one limit after the other
            does not answer for everything behind it.
    """

    def __init__(self, places: Sequence[Place], targets: Targets, seed: int, *, network: str = "") -> None:
        self.places = places
        self.targets = targets
        self.network = network
        self.chance = Random(seed)
        self._weights = list(accumulate(_weight(place) for place in places))
        self.aimed_at: Counter[str] = Counter()
        """How often each place was aimed at."""

    def requests(self, number: int) -> list[RawRequest]:
        return [self.request() for _ in range(number)]

    def request(self) -> RawRequest:
        if self.chance.random() < 0.2:
            return self._to_nowhere()
        place = self._place()
        self.aimed_at[str(place)] += 1
        return self._to_api(place) if place.is_api else self._to_page(place)

    def _place(self) -> Place:
        return self.chance.choices(self.places, cum_weights=self._weights)[0]

    # --- The JSON API

    def _to_api(self, place: Place) -> RawRequest:
        head = self._noise()
        caller = self._caller()
        tokens = {"reading": self.targets.reading_token, "full": self.targets.full_token}
        if caller == "garbage":
            head.append((b"authorization", self._authorization()))
        elif caller != "none":
            head.append((b"authorization", f"Bearer {tokens[caller]}".encode()))
        may = caller == "full" or (caller != "garbage" and not place.needs_token)
        spoiler = self._spoiler(place) if place.is_unsafe and may else ""
        if spoiler == "version":
            head.append(
                (b"if-match", self.chance.choice((b'"0"', b'"99999999999999999999"', b'W/"i7x"', b"'*'", b"\xff")))
            )
        elif place.method == "PATCH" and self.chance.random() < 0.9:
            head.append((b"if-match", b"*"))
        if spoiler == "key":
            head.append((b"idempotency-key", self.chance.choice((b"k" * 201, b"\xff" * 250, b"i7x " * 2000))))
        elif place.method == "POST" and self.chance.random() < 0.5:
            head.append((b"idempotency-key", values.header(self.chance)[:200]))
        body, kind = self._body(place, spoiler)
        if kind is not None:
            head.append((b"content-type", kind))
        target = self._path(place, is_unknown=spoiler == "target", is_closed=spoiler == "state") + self._query(place)
        return self._raw(place.method, target, head, body)

    def _caller(self) -> str:
        return self.chance.choices(("none", "garbage", "reading", "full"), (20, 10, 15, 55))[0]

    def _spoiler(self, place: Place) -> str:
        """Why a request that its caller may send cannot succeed all the same."""
        fitting = {
            "target": bool(place.parameters),
            "key": place.method == "POST",
            "version": place.method == "PATCH",
            "body": bool(place.body),
            "type": bool(place.body),
            "state": place.template.endswith("sessions/{session_id}/registrations"),
        }
        return self.chance.choice([name for name, fits in fitting.items() if fits])

    def _body(self, place: Place, spoiler: str) -> tuple[bytes, bytes | None]:
        """A body and its content type."""
        if place.media_type == "text/csv":
            return bodies.sheet(self.chance), b"text/csv"
        if not place.body:
            is_bare = self.chance.random() < 0.8
            return (b"", None) if is_bare else (bodies.fragment(self.chance).encode(), bodies.JSON)
        example = place.body | (_STRANGER if "email" in place.body else {})
        if spoiler == "body":
            return bodies.broken(self.chance, example), self.chance.choice((bodies.JSON, b"application/i7x+json"))
        is_sound = self.chance.random() < 0.4
        body = (bodies.sound(example) if is_sound else bodies.bent(self.chance, example)).encode()
        return body, self.chance.choice(bodies.BROKEN_TYPES) if spoiler == "type" else bodies.JSON

    def _authorization(self) -> bytes:
        kind = self.chance.choice((b"Bearer ", b"bearer", b"Basic ", b"Bearer web_", b"", b"Bearer  ", b"\xff "))
        return kind + (values.header(self.chance) or b"x")

    # --- Pages

    def _to_page(self, place: Place) -> RawRequest:
        head = self._noise()
        if place.template.startswith("/console"):
            return self._to_console(place, head)
        is_here = self.chance.random() < 0.8
        if is_here and place.is_unsafe:
            head.append((b"sec-fetch-site", b"same-origin"))
        if place.template.startswith("/my-registration") and self.chance.random() < 0.7:
            head.append((b"cookie", b"my_registration=" + self._link_token(place).encode()))
        fixed = {"registration": "another"} if place.template.startswith("/my-registration") else {"email": "i7x@"}
        if place.template == "/visits":
            fixed = {"webinar": "nothing-by-this-name", "kind": self.chance.choice(("form", "i7x"))}
        body = self._form(place, head, fixed) if place.is_unsafe else b""
        return self._raw(place.method, self._path(place) + self._query(place), head, body)

    def _to_console(self, place: Place, head: Head) -> RawRequest:
        who = self.chance.choices(("nobody", "garbage", "viewer", "manager"), (15, 10, 25, 50))[0]
        secrets = {"viewer": self.targets.viewer_cookie, "manager": self.targets.manager_cookie}
        if who != "nobody":
            secret = secrets[who].encode() if who in secrets else values.header(self.chance).replace(b";", b"")
            head.append((b"cookie", b"webinars=" + secret))
        wrong = next(((name, value) for name, value in _WRONG_FIELDS.items() if name in place.fields), None)
        # Nothing about signing out, and about what takes neither a target nor a form, can be wrong but whence it comes.
        is_open = place.template == "/console/sign-in" or (place.is_unsafe and not wrong and not place.parameters)
        is_here = self.chance.random() < 0.8
        if is_here and not (is_open and who in secrets):  # who is signed in could sign out
            head.append((b"sec-fetch-site", b"same-origin"))
        elif self.chance.random() < 0.5:
            head.append((b"sec-fetch-site", self.chance.choice((b"cross-site", b"same-site", b"i7x", b""))))
        fixed = {"email": "host@clinic.example", "password": "i7x"} if is_open else dict([wrong]) if wrong else {}
        is_unknown = place.is_unsafe and (not fixed or self.chance.random() < 0.2)
        body = self._form(place, head, fixed) if place.is_unsafe else b""
        return self._raw(place.method, self._path(place, is_unknown=is_unknown) + self._query(place), head, body)

    def _form(self, place: Place, head: Head, fixed: dict[str, str]) -> bytes:
        if place.template.endswith("/import"):
            body, kind = bodies.multipart(self.chance, ("deed",))
        elif self.chance.random() < 0.08:
            # What is fixed would be lost in here: without it nothing is done either.
            body, kind = bodies.multipart(self.chance, ("i7x",))
        else:
            kind = bodies.FORM if self.chance.random() < 0.95 else self.chance.choice(bodies.BROKEN_TYPES)
            body = bodies.form(self.chance, place.fields, **fixed)
        head.append((b"content-type", kind))
        return body

    def _link_token(self, place: Place) -> str:
        """A registrant's own, for what reads or is about another registration; else one that opens nothing."""
        if place.template == "/j/{token}" or self.chance.random() < 0.5:
            return self.chance.choice(("i7x", "A" * 60, self.targets.manage_token[:-3], "." * 40, "A.B.C"))
        return self.targets.manage_token

    # --- Nowhere

    def _to_nowhere(self) -> RawRequest:
        self.aimed_at["nowhere"] += 1
        head = self._noise()
        if self.chance.random() < 0.5:
            head.append((b"authorization", f"Bearer {self.targets.full_token}".encode()))
        if self.chance.random() < 0.4:
            path = self._path(self.chance.choice(self.places))
            return self._raw(self.chance.choice(STRANGE_METHODS), path, head, b"i7x")
        pieces = (values.path_piece(self.chance) for _ in range(self.chance.randrange(1, 4)))
        path = self.chance.choice((*_NOWHERE, "", "/", "//i7x.example")) + "/" + "/".join(pieces)
        return self._raw(self.chance.choice(("GET", "GET", "HEAD", "POST", "DELETE", "PATCH")), path, head, b"")

    # --- Parts

    def _path(self, place: Place, *, is_unknown: bool = False, is_closed: bool = False) -> str:
        names = place.parameters
        wrong = self.chance.choice(names) if names and (is_unknown or self.chance.random() < 0.15) else ""
        filled = {name: self._unknown(name) if name == wrong else self._known(name, place) for name in names}
        if is_closed:
            filled["session_id"] = self.chance.choice(self.targets.closed_sessions)
        return place.path(filled)

    def _known(self, name: str, place: Place) -> str:
        if name in self.targets.ids:
            return self.chance.choice(self.targets.ids[name])
        if name == "token":
            return self._link_token(place)
        kind = next((kind for kind in self.targets.slugs if f"/{kind}/" in place.template), "webinars")
        return self.chance.choice(self.targets.slugs[kind])

    def _unknown(self, name: str) -> str:
        """What names nothing: it is malformed, or made up, or the id of something else."""
        kind = self.chance.random()
        if kind < 0.6 or name not in self.targets.ids:
            return values.path_piece(self.chance)
        if kind < 0.8:
            return str(UUID(int=self.chance.getrandbits(128)))
        others = [other for other in self.targets.ids if other != name]
        return self.chance.choice(self.targets.ids[self.chance.choice(others)])

    def _query(self, place: Place) -> str:
        """Parameters the place has, and some that it has not."""
        names = [
            name
            for name in (*place.query, "done", "src", "timezone", "first", "lang", "i7x")
            if self.chance.random() < 0.3
        ]
        if not names or self.chance.random() < 0.3:
            return ""
        raw = self.chance.choice(("", "", "&%ff=%fe", "&=&&", "&%", ";i7x", "&%00=%00", "&a[b]=c"))
        return "?" + "&".join(f"{name}={values.percent(values.text(self.chance))}" for name in names) + raw

    def _noise(self) -> Head:
        if self.chance.random() < 0.6:
            return []
        return [(self.chance.choice(_NOISE), values.header(self.chance)) for _ in range(self.chance.choice((1, 2, 10)))]

    def _raw(self, method: str, target: str, head: Head, body: bytes) -> RawRequest:
        network = self.network or f"10.{self.chance.randrange(256)}.{self.chance.randrange(256)}.1"
        is_known = target.endswith("/import") or any(name == b"authorization" for name, _ in head)
        if body and not is_known and self.chance.random() < 0.01:  # more than anybody may send, said before or not
            body, announced = (body + b"A" * PUBLIC_LIMIT, []) if self.chance.random() < 0.3 else (body, [_HUGE])
            head = [*announced, *head]
        return RawRequest(
            method,
            target.encode("ascii"),
            tuple(head),
            bodies.in_pieces(self.chance, body),
            client=HERE if self.chance.random() < 0.1 and not self.network else network,
            is_cut_off=bool(body) and self.chance.random() < 0.01,
        )


def _weight(place: Place) -> int:
    """How often it is aimed at beside others: what could change something more often than what takes long to show."""
    return (12 if place.is_unsafe else 4) if place.is_api else (8 if place.is_unsafe else 1)
