from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx

KNEE = {"slug": "knee", "name": "Knee"}


def test_a_topic_is_made_listed_found_changed_and_deleted(api: httpx.Client, public: httpx.Client) -> None:
    made = api.post("/topics", json=KNEE)
    topic = made.json()
    assert made.status_code == 201
    assert made.headers["etag"] == '"1"'
    assert topic == KNEE | {"id": topic["id"], "parent": None, "position": 0, "version": 1}
    assert public.get("/topics").json() == {"items": [topic], "next": None, "limit": 200}

    found = public.get("/topics/knee")
    assert (found.json(), found.headers["etag"]) == (topic, '"1"')

    changed = api.patch("/topics/knee", json={"name": "Knees"}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert changed.json() == topic | {"name": "Knees", "version": 2}

    assert api.delete("/topics/knee").status_code == 204
    assert public.get("/topics/knee").status_code == 404


def test_conditions_name_their_area(api: httpx.Client, public: httpx.Client) -> None:
    api.post("/topics", json=KNEE)
    assert api.post("/topics", json={"slug": "acl", "name": "ACL tear", "parent": "knee"}).json()["parent"] == "knee"
    assert [(item["slug"], item["parent"]) for item in public.get("/topics").json()["items"]] == [
        ("acl", "knee"),
        ("knee", None),
    ]
    freed = api.patch("/topics/acl", json={"parent": None}, headers={"If-Match": "*"})
    assert freed.json()["parent"] is None


def test_topics_are_two_deep(api: httpx.Client) -> None:
    for body in (KNEE, {"slug": "hip", "name": "Hip"}, {"slug": "acl", "name": "ACL", "parent": "knee"}):
        assert api.post("/topics", json=body).status_code == 201
    for slug, parent in (("knee", "knee"), ("hip", "acl"), ("knee", "hip"), ("acl", "nothing")):
        refused = api.patch(f"/topics/{slug}", json={"parent": parent}, headers={"If-Match": "*"})
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_field")
        assert refused.json()["field"] == "parent"
    assert api.patch("/topics/acl", json={"parent": "hip"}, headers={"If-Match": "*"}).status_code == 200


def test_a_version_must_be_named_and_be_the_present_one(api: httpx.Client) -> None:
    api.post("/topics", json=KNEE)
    change = {"name": "Knees"}
    assert api.patch("/topics/knee", json=change).json()["code"] == "version_missing"
    assert api.patch("/topics/knee", json=change, headers={"If-Match": "1" * 5000}).status_code == 412
    assert api.patch("/topics/knee", json=change, headers={"If-Match": '"2"'}).json()["code"] == "version_mismatch"
    assert api.patch("/topics/knee", json=change, headers={"If-Match": '"1"'}).status_code == 200
    stale = api.patch("/topics/knee", json=change, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.headers["content-type"]) == (412, "application/problem+json")
    assert api.patch("/topics/knee", json=change, headers={"If-Match": "*"}).headers["etag"] == '"3"'


def test_of_many_who_saw_the_same_version_one_changes_it(api: httpx.Client) -> None:
    api.post("/topics", json=KNEE)

    def change(number: int) -> int:
        return api.patch("/topics/knee", json={"name": f"Knee {number}"}, headers={"If-Match": '"1"'}).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(change, range(8))) == [200] + [412] * 7
    assert api.get("/topics/knee").json()["version"] == 2


def test_of_many_who_want_a_short_name_one_gets_it(api: httpx.Client) -> None:
    def make(number: int) -> int:
        return api.post("/topics", json={"slug": "knee", "name": f"Knee {number}"}).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(make, range(8))) == [201] + [409] * 7


def test_what_is_no_topic_is_refused(api: httpx.Client) -> None:
    bodies: list[object] = [
        KNEE | {"version": 7},
        KNEE | {"id": "0192f0c1-7b5e-7c3a-9a43-5a7f9d2f8e21"},
        KNEE | {"name": None},
        KNEE | {"name": "a\x00b"},
        KNEE | {"slug": "Knee!"},
        KNEE | {"position": 2**40},
        {"slug": "knee"},
        [],
    ]
    for body in bodies:
        refused = api.post("/topics", json=body)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
    assert api.get("/topics").json()["items"] == []


def test_null_is_no_name(api: httpx.Client) -> None:
    api.post("/topics", json=KNEE)
    refused = api.patch("/topics/knee", json={"name": None}, headers={"If-Match": "*"})
    assert [item["field"] for item in refused.json()["errors"]] == ["name"]


def test_a_path_that_no_database_would_take_is_refused(public: httpx.Client) -> None:
    assert public.get("/topics/%00").status_code == 422


def test_the_catalogue_comes_in_parts_for_who_wants_it_so(api: httpx.Client, public: httpx.Client) -> None:
    """A condition names its area on whichever page that is."""
    api.post("/topics", json=KNEE | {"position": 3})
    for number in range(4):
        api.post("/topics", json={"slug": f"t-{number}", "name": f"Topic {number}", "parent": "knee"})
        api.post("/presenters", json={"slug": f"p-{number}", "name": "Dr. Same"})
        body = {"slug": f"w-{number}", "title": "W", "summary": "S", "topics": ["knee"], "status": "published"}
        assert api.post("/webinars", json=body).status_code == 201
    for path in ("/topics", "/presenters", "/webinars", "/webinars?topic=knee"):
        for client in (api, public):
            whole = client.get(path).json()
            assert (whole["next"], len(whole["items"]) >= 4) == (None, True)
            parts, cursor, sizes = [], None, []
            while cursor or not sizes:
                query = {"limit": "3"} | ({"cursor": cursor} if cursor else {})
                page = client.get(path, params=httpx.QueryParams(path.partition("?")[2]).merge(query)).json()
                parts, cursor = parts + page["items"], page["next"]
                sizes.append((page["limit"], len(page["items"])))
            assert parts == whole["items"], path
            assert sizes == [(3, 3), (3, len(parts) - 3)], path
    gone = public.get("/presenters?limit=1").json()
    api.delete(f"/presenters/{gone['items'][0]['slug']}")
    for query in (f"limit=1&cursor={gone['next']}", "cursor=x", "limit=0", "limit=201"):
        assert public.get(f"/presenters?{query}").status_code == 422, query
