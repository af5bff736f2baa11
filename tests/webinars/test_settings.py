"""What an operator may set, and what is refused in plain words."""

from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path

import pytest
from pydantic import ValidationError

from webinars.errors import CannotStart
from webinars.settings import PREFIX, Environment, Settings, load_settings
from webinars.terms import QuietHours

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
        ({"EMBED_ORIGINS": "https://a.example/blog"}, "EMBED_ORIGINS: .*without a path"),
        ({"EMBED_ORIGINS": "https://a.example,*"}, "EMBED_ORIGINS: .*must be origins"),
        ({"EMBED_ORIGINS": "https://a.example; script-src *"}, "EMBED_ORIGINS: .*must be origins"),
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
        "message_webhook_private": "true",
        "quiet_hours": "22:00-07:30",
        "embed_origins": "https://www.clinic.example",
    }.get(name, "7")
    (tmp_path / "value").write_text(value, encoding="utf-8")
    if name == "bounce_domain":
        monkeypatch.setenv(f"{PREFIX}MAIL_URL", "smtp://mail.example")
    plain = load(monkeypatch, **{"ENVIRONMENT": "test", name.upper(): value})
    monkeypatch.delenv(f"{PREFIX}{name.upper()}")
    from_file = load(
        monkeypatch,
        **({} if name == "environment" else {"ENVIRONMENT": "test"}),
        **{f"{name.upper()}_FILE": str(tmp_path / "value")},
    )
    assert from_file == plain


def test_mails_come_back_to_addresses_of_their_own_over_smtp_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CannotStart, match="BOUNCE_DOMAIN"):
        load(monkeypatch, MAIL_URL="dir:///var/mails", BOUNCE_DOMAIN="bounces.clinic.example")
    settings = load(monkeypatch, MAIL_URL="smtp://mail.example", BOUNCE_DOMAIN="bounces.clinic.example")
    assert settings.bounce_domain == "bounces.clinic.example"


def test_a_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="SECRET_KEY_FILE"):
        load(monkeypatch, SECRET_KEY_FILE=str(tmp_path / "nothing"))


def test_a_variable_beats_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "port").write_text("9001", encoding="utf-8")
    assert load(monkeypatch, PORT="9000", PORT_FILE=str(tmp_path / "port")).port == 9000


def test_this_machine_is_visited_at_its_port_unless_said_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch).base_url == "http://127.0.0.1:8000"
    assert load(monkeypatch, PORT="9000").base_url == "http://127.0.0.1:9000"
    assert load(monkeypatch, PORT="9000", BASE_URL="https://x.example").base_url == "https://x.example"


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


def test_in_production_texts_leave_over_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CannotStart, match="MESSAGE_WEBHOOK_URL must begin with https://"):
        load(monkeypatch, **PRODUCTION, MESSAGE_WEBHOOK_URL="http://texts.clinic.example")
    assert load(monkeypatch, **PRODUCTION, MESSAGE_WEBHOOK_URL="https://texts.clinic.example")


@pytest.mark.parametrize("rate", ["-1", "nan", "inf", "many"])
def test_a_rate_is_a_number_of_mails(monkeypatch: pytest.MonkeyPatch, rate: str) -> None:
    with pytest.raises(CannotStart, match="MAIL_RATE"):
        load(monkeypatch, MAIL_RATE=rate)
    assert load(monkeypatch, MAIL_RATE="0.5").mail_rate == 0.5


def test_quiet_hours_are_two_times_of_day_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch).quiet == QuietHours(time(21), time(8))
    assert load(monkeypatch, QUIET_HOURS="22:00 - 07:30").quiet == QuietHours(time(22), time(7, 30))
    assert load(monkeypatch, QUIET_HOURS="").quiet is None


@pytest.mark.parametrize("value", ["21:00", "21-8", "25:00-08:00", "08:00-08:00", "night"])
def test_quiet_hours_that_are_none_are_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    with pytest.raises(CannotStart, match="QUIET_HOURS"):
        load(monkeypatch, QUIET_HOURS=value)
