"""Whoever may do something and does it with hostile values: what gets through is kept, and must break nothing later."""

from __future__ import annotations

import json
from urllib.parse import quote_plus

from tests.faults.hostile import bodies, values
from tests.faults.hostile.attacker import Attacker, Head
from tests.faults.hostile.places import Place
from tests.support.asgi import RawRequest

_SOUND = {
    "title": "Hip pain",
    "public_title": "Your webinar",
    "summary": "What helps.",
    "description": "What you will learn",
    "label": "Since when?",
    "kind": "text",
    "position": "3",
    "date": "2026-04-01",
    "time": "18:00",
    "timezone": "America/Denver",
    "minutes": "60",
    "capacity": "9",
    "room_url": "https://rooms.clinic.example/r/1",
    "repeat": "weekly",
    "count": "3",
    "is_confirmed": "true",
    "name": "Ana Núñez",
    "seats": "1",
    "locale": "en-US",
    "status": "published",
    "task": "done",
    "note": "Called.",
    "opened_at": "1000",
    "rating": "4",
    "comment": "Calm and clear.",
    "recent_mri": "not_sure",
    "call_time": "morning",
    "words": "Mornings are best.",
    "phone": "+1 303 555 0100",
    "accent": "#7a1f1f",
    "notice_en": "Education only.",
    "deed": "save",
}
"""What the forms' fields hold when somebody means well; all others are left out."""


class Insider(Attacker):
    """Their requests may succeed."""

    def request(self) -> RawRequest:
        place = self._place()
        if place.method == "DELETE" or "erase" in place.template or "sign-" in place.template:
            place = self._place()  # rarely: what is gone cannot be attacked any more
        self.aimed_at[str(place)] += 1
        return self._to_api(place) if place.is_api else self._to_page(place)

    def _caller(self) -> str:
        return "full"

    def _link_token(self, place: Place) -> str:
        return self.targets.after_token if place.template.startswith("/after/") else super()._link_token(place)

    def _spoiler(self, place: Place) -> str:
        return ""

    def _to_console(self, place: Place, head: Head) -> RawRequest:
        head.append((b"sec-fetch-site", b"same-origin"))
        if "sign-" not in place.template:
            head.append((b"cookie", b"webinars=" + self.targets.manager_cookie.encode()))
        body = self._form(place, head, {}) if place.is_unsafe else b""
        return self._raw(place.method, self._path(place) + self._query(place), head, body)

    def _form(self, place: Place, head: Head, fixed: dict[str, str]) -> bytes:
        if place.template.endswith("/import"):
            return super()._form(place, head, fixed)
        fields = {name: _SOUND[name] for name in place.fields if name in _SOUND} | {
            "slug": f"made-{self.chance.randrange(10**6)}",
            "email": f"person{self.chance.randrange(10**6)}@mail.example",
            "version": self.chance.choice("1112"),
            "session_id": self.chance.choice(self.targets.ids["session_id"]),
            "registration": self.chance.choice(self.targets.ids["registration_id"]),
            "webinar": "knee-options",
        }
        for name in self.chance.sample(sorted({*fields, *place.fields}), self.chance.choice((0, 1, 1, 2))):
            fields[name] = values.text(self.chance)
        head.append((b"content-type", bodies.FORM))
        return "&".join(f"{name}={quote_plus(value)}" for name, value in fields.items()).encode()

    def _body(self, place: Place, spoiler: str) -> tuple[bytes, bytes | None]:
        if not place.body:
            return super()._body(place, spoiler)
        example = dict(place.body)
        example.pop("starts_at" if self.chance.random() < 0.5 else "starts_at_local", None)
        if "slug" in example and place.method == "POST":
            example["slug"] = f"made-{self.chance.randrange(10**6)}"
        if "email" in example:
            example["email"] = f"person{self.chance.randrange(10**6)}@mail.example"
        body = bodies.bent(self.chance, example) if self.chance.random() < 0.8 else json.dumps(example)
        return body.encode(), bodies.JSON
