"""What an operator may set, and what is refused in plain words."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from webinars.errors import CannotStart
from webinars.settings import PREFIX, Environment, Settings, load_settings

SECRET = "a secret of at least thirty-two characters"
PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": SECRET,
    "MAIL_URL": "smtp://user:hunter2@mail.example:587",
    "BASE_URL": "https://webinars.clinic.example",
}


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        for ending in ("", "_FILE"):
            monkeypatch.delenv(f"{PREFIX}{name.upper()}{ending}", raising=False)


def load(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(f"{PREFIX}{name}", value)
    return load_settings()


def test_without_any_variable_it_is_ready_to_try(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch)
    assert settings.environment is Environment.development
    assert settings.database_url.get_secret_value() == "sqlite:///var/webinars.db"
    assert (settings.is_secure, settings.port, settings.testing_now) == (False, 8000, None)


def test_production_starts_with_its_four(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, **PRODUCTION).is_secure


@pytest.mark.parametrize(
    ("name", "said"),
    [("SECRET_KEY", "SECRET_KEY is missing"), ("MAIL_URL", "MAIL_URL is missing"), ("BASE_URL", "https://")],
)
def test_production_does_not_start_without(monkeypatch: pytest.MonkeyPatch, name: str, said: str) -> None:
    with pytest.raises(CannotStart, match=said):
        load(monkeypatch, **{key: value for key, value in PRODUCTION.items() if key != name})


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"SECRET_KEY": "short"}, "SECRET_KEY is too short"),
        ({"BASE_URL": "clinic.example"}, "BASE_URL: .*must be an origin"),
        ({"BASE_URL": "https://clinic.example/webinars"}, "BASE_URL: .*without a path"),
        ({"PORT": "0"}, "PORT: .*greater than or equal to 1"),
        ({"PORT": "eighty"}, "PORT: .*valid integer"),
        ({"ENVIRONMENT": "staging"}, "ENVIRONMENT: "),
        ({"MAIL_CONNECTIONS": "0"}, "MAIL_CONNECTIONS: "),
        ({"TESTING_NOW": "2026-03-02T15:00:00Z"}, "TESTING_NOW is for tests"),
        ({"ENVIRONMENT": "test", "TESTING_NOW": "2026-03-02T15:00:00"}, "TESTING_NOW: .*timezone"),
    ],
)
def test_a_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], said: str) -> None:
    with pytest.raises(CannotStart, match=said):
        load(monkeypatch, **variables)


def test_all_that_is_wrong_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CannotStart) as refusal:
        load(monkeypatch, PORT="0", MAIL_CONNECTIONS="0")
    assert [line.split(":")[0].strip() for line in refusal.value.detail.splitlines()[1:]] == [
        "MAIL_CONNECTIONS",
        "PORT",
    ]


def test_a_refusal_repeats_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CannotStart) as refusal:
        load(monkeypatch, SECRET_KEY="hunter2", DATABASE_URL="postgresql://u:hunter2@db/x", PORT="0")
    assert "hunter2" not in refusal.value.detail


def test_settings_show_no_secret() -> None:
    settings = Settings.model_validate(
        {"secret_key": SECRET, "database_url": "postgresql://u:hunter2@db/x", "mail_url": "smtp://u:hunter2@m"}
    )
    assert SECRET not in repr(settings)
    assert "hunter2" not in repr(settings)


def test_a_secret_may_lie_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\n", encoding="utf-8")
    settings = load(monkeypatch, SECRET_KEY_FILE=str(tmp_path / "secret"))
    assert settings.secret() == SECRET


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_may_lie_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    value = {
        "environment": "test",
        "database_url": "sqlite:///x.db",
        "base_url": "https://x.example",
        "secret_key": SECRET,
        "previous_secret_key": SECRET,
        "testing_now": "2026-03-02T15:00:00Z",
    }.get(name, "7")
    (tmp_path / "value").write_text(value, encoding="utf-8")
    plain = load(monkeypatch, **{"ENVIRONMENT": "test", name.upper(): value})
    monkeypatch.delenv(f"{PREFIX}{name.upper()}")
    from_file = load(
        monkeypatch,
        **({} if name == "environment" else {"ENVIRONMENT": "test"}),
        **{f"{name.upper()}_FILE": str(tmp_path / "value")},
    )
    assert from_file == plain


def test_a_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="SECRET_KEY_FILE"):
        load(monkeypatch, SECRET_KEY_FILE=str(tmp_path / "nothing"))


def test_a_variable_beats_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "port").write_text("9001", encoding="utf-8")
    assert load(monkeypatch, PORT="9000", PORT_FILE=str(tmp_path / "port")).port == 9000


def test_the_clock_of_a_test_is_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, ENVIRONMENT="test", TESTING_NOW="2026-03-02T15:00:00Z")
    assert settings.testing_now == datetime(2026, 3, 2, 15, tzinfo=UTC)


def test_outside_production_a_secret_is_made_once_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    first = Settings(var_dir=tmp_path).secret()
    assert len(first) >= 32
    assert Settings(var_dir=tmp_path).secret() == first
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Settings().port = 1  # type: ignore[misc]
