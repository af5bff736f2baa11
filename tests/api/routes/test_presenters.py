from __future__ import annotations

import httpx

MARIA = {"slug": "maria", "name": "Dr. Maria Castellan", "credentials": "MD", "biography": "Knees.\n\nHips."}


def test_a_presenter_is_made_listed_found_changed_and_deleted(api: httpx.Client, public: httpx.Client) -> None:
    made = api.post("/presenters", json=MARIA)
    presenter = made.json()
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    assert presenter == MARIA | {"id": presenter["id"], "version": 1}
    assert public.get("/presenters").json() == {"items": [presenter], "next": None, "limit": 200}
    assert public.get("/presenters/maria").json() == presenter

    changed = api.patch("/presenters/maria", json={"slug": "mc"}, headers={"If-Match": made.headers["etag"]})
    assert changed.json() == presenter | {"slug": "mc", "version": 2}
    assert public.get("/presenters/maria").status_code == 404
    assert api.delete("/presenters/mc").status_code == 204
    assert public.get("/presenters").json()["items"] == []


def test_a_short_name_belongs_to_one(api: httpx.Client) -> None:
    api.post("/presenters", json=MARIA)
    refused = api.post("/presenters", json=MARIA)
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (409, "slug_taken", "slug")
