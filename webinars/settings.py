"""What an operator decides: environment variables with the prefix `WEBINARS_`, each also as `…_FILE`."""

from __future__ import annotations

import os
import re
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import AwareDatetime, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from webinars.errors import CannotStart
from webinars.terms import QuietHours

PREFIX = "WEBINARS_"
SHORTEST_SECRET = 32


class Environment(StrEnum):
    """Where the program runs. It alone decides which shortcuts are open."""

    development = "development"
    test = "test"
    production = "production"


class FileSource(PydanticBaseSettingsSource):
    """Reads `WEBINARS_X_FILE`, the way containers are handed secrets."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        variable = f"{PREFIX}{field_name.upper()}_FILE"
        path = os.environ.get(variable)
        try:
            return (Path(path).read_text(encoding="utf-8").strip() if path else None), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            raise CannotStart(f"{variable}: {path} cannot be read: {error}") from None

    def __call__(self) -> dict[str, Any]:
        values = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in values.items() if value is not None}


class EmptySource(FileSource):
    """An empty variable is as good as none; but empty quiet hours are an answer: never."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        is_answer = field_name == "quiet_hours" and os.environ.get(f"{PREFIX}QUIET_HOURS") == ""
        return ("" if is_answer else None), field_name, False


class Settings(BaseSettings):
    """Built by whoever starts the program, never at import."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True)

    environment: Environment = Environment.development
    database_url: SecretStr = SecretStr("sqlite:///var/webinars.db")
    base_url: str = ""
    """The origin visitors use. Unless it is said, this machine at `port`."""
    secret_key: SecretStr = SecretStr("")
    """At least 32 characters. Outside production one is made and kept under `var/`."""
    previous_secret_key: SecretStr | None = None
    """Still opens what an earlier SECRET_KEY sealed."""
    mail_url: SecretStr = SecretStr("")
    """`smtp://`, `smtps://`, `dir:///path` or a provider: `postmark://`, `ses://`, `sendgrid://`, `mailgun://`.
    Empty (not in production): kept in `var/mail`, shown at /dev/mail."""
    mail_from: str = "webinars@clinic.example"
    sender_name: str = "Webinars"
    """Stands in front of the address. Neutral, for a specialist's name on a lock screen says too much."""
    mail_connections: int = Field(default=5, ge=1, le=32)
    mail_rate: float = Field(default=0, ge=0, le=10_000, allow_inf_nan=False)
    """Mails per second over all processes. 0: as many as there are."""
    message_webhook_url: SecretStr = SecretStr("")
    """Where texts (SMS, push) are handed over. Empty: there are none."""
    message_webhook_secret: SecretStr = SecretStr("")
    """`whsec_…`: signs what is handed over."""
    message_webhook_private: bool = False
    """Whether that may be an address of this machine or its network."""
    organization_name: str = "Example Joint & Spine Clinics"
    organization_phone: str = ""
    port: int = Field(default=8000, ge=1, le=65535)
    var_dir: Path = Path("var")
    testing_now: AwareDatetime | None = None
    """The clock starts here and runs on. Refused unless ENVIRONMENT=test."""
    join_opens_minutes: int = Field(default=15, ge=0, le=120)
    settle_after_minutes: int = Field(default=30, ge=0, le=24 * 60)
    """How long after its end a session's attendance is taken as complete."""
    room_hosts: str = ""
    """Hosts that join links may lead to, separated by commas; subdomains included. Empty: any https host."""
    database_pool: int = Field(default=8, ge=2, le=16)
    metrics_token: SecretStr | None = None
    trusted_proxies: str = "127.0.0.1"
    """Addresses or networks whose X-Forwarded-For and -Proto are believed, separated by commas."""
    register_limit_minute: int = Field(default=5, ge=0)
    """How often one network, and one address, may register in a minute. Tokens may without limit. 0: no limit."""
    register_limit_hour: int = Field(default=20, ge=0)
    embed_origins: str = ""
    """Sites that may show our dates in a frame, separated by commas: `https://www.clinic.example`."""
    quiet_hours: str = "21:00-08:00"
    """When reminders that can wait stay away, on the registrant's wall clock. Empty: never."""
    reminders_per_week: int = Field(default=10, ge=0)
    """How many reminders a person gets in seven days, the last one before a start not counted out. 0: no cap."""
    bounce_domain: str = ""
    """Mails leave from `b+TOKEN@` this domain, so that whatever comes back says which mail it is about."""
    inbound_secret: SecretStr | None = None
    """Opens `/inbound/dsn` and `/inbound/calendar` to our own mail server. Like the keys below: without it there are no
    such addresses."""
    inbound_authserv_id: str = ""
    """The name under which that server notes what it has checked (`Authentication-Results`). Without it no sender is
    ever taken as proven."""
    postmark_report_secret: SecretStr | None = None
    """`user:password` of the webhook's address."""
    sendgrid_report_key: str = ""
    """The public key that the Event Webhook shows, in base64."""
    mailgun_report_key: SecretStr | None = None
    """The HTTP webhook signing key."""
    ses_report_topic: str = ""
    """ARN of the SNS topic that SES reports to. Anybody may sign with SNS; the topic is ours alone."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic names it
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, FileSource(settings_cls), EmptySource(settings_cls)

    @field_validator("quiet_hours")
    @classmethod
    def _two_clock_times(cls, value: str) -> str:
        _quiet_hours(value)
        return value

    @field_validator("embed_origins")
    @classmethod
    def _origins_only(cls, value: str) -> str:
        for origin in _split(value):  # they become part of a policy, where a blank or a semicolon would say more
            if not re.fullmatch(r"https?://(\*\.)?[A-Za-z0-9.-]+(:\d+)?", origin):
                raise ValueError(f"must be origins such as https://www.clinic.example, without a path; not {origin!r}")
        return value

    @model_validator(mode="before")
    @classmethod
    def _at_this_machine(cls, given: dict[str, Any]) -> dict[str, Any]:
        return {"base_url": f"http://127.0.0.1:{given.get('port', 8000)}"} | given

    @field_validator("base_url")
    @classmethod
    def _origin_only(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path not in {"", "/"}:
            raise ValueError("must be an origin such as https://webinars.clinic.example, without a path")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _fit_for_the_environment(self) -> Self:
        if self.testing_now is not None and self.environment is not Environment.test:
            raise ValueError("TESTING_NOW is for tests: set ENVIRONMENT=test or remove it")
        if self.secret_key.get_secret_value() and len(self.secret_key.get_secret_value()) < SHORTEST_SECRET:
            raise ValueError(f"SECRET_KEY is too short: give it at least {SHORTEST_SECRET} random characters")
        if self.bounce_domain and not self.mail_url.get_secret_value().startswith(("smtp:", "smtps:")):
            raise ValueError("BOUNCE_DOMAIN is for mail sent by SMTP: providers report what comes back by themselves")
        if self.environment is Environment.production:
            self._fit_for_production()
        return self

    def _fit_for_production(self) -> None:
        if not self.secret_key.get_secret_value():
            raise ValueError("SECRET_KEY is missing: make one with `openssl rand -base64 48` and keep it safe")
        if not self.mail_url.get_secret_value():
            raise ValueError("MAIL_URL is missing: smtp://user:password@host:587")
        webhook = self.message_webhook_url.get_secret_value()
        if webhook and not webhook.startswith("https://"):
            raise ValueError("MESSAGE_WEBHOOK_URL must begin with https:// in production")
        if not self.base_url.startswith("https://"):
            raise ValueError("BASE_URL must begin with https:// in production")

    @property
    def is_secure(self) -> bool:
        """Whether visitors reach the pages over TLS."""
        return self.base_url.startswith("https://")

    @property
    def embedding_origins(self) -> list[str]:
        return _split(self.embed_origins)

    @property
    def settle_after(self) -> timedelta:
        return timedelta(minutes=self.settle_after_minutes)

    @property
    def quiet(self) -> QuietHours | None:
        return _quiet_hours(self.quiet_hours)

    @property
    def join_opens_before(self) -> timedelta:
        return timedelta(minutes=self.join_opens_minutes)

    def secret(self) -> str:
        """The secret that all keys derive from; outside production it is made on first use and kept in `var/`."""
        given = self.secret_key.get_secret_value()
        return given or _kept_secret(self.var_dir / "secret.key")

    def join_opens_at(self, starts_at: datetime) -> datetime:
        return starts_at - self.join_opens_before


def load_settings() -> Settings:
    """Settings from the environment.

    Raises:
        CannotStart: with one line per variable that is wrong.
    """
    try:
        return Settings()
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, item['loc'])).upper() or 'settings'}: {item['msg']}" for item in error.errors()]
        raise CannotStart("The configuration is not usable.\n  " + "\n  ".join(lines)) from None


def _split(text: str) -> list[str]:
    return [part for item in text.split(",") if (part := item.strip())]


def _quiet_hours(text: str) -> QuietHours | None:
    if not text.strip():
        return None
    begins, _, ends = text.partition("-")
    try:
        quiet = QuietHours(*(datetime.strptime(part.strip(), "%H:%M").time() for part in (begins, ends)))  # noqa: DTZ007
    except ValueError:
        raise ValueError("must be two times of day such as 21:00-08:00, or empty") from None
    if quiet.begins == quiet.ends:
        raise ValueError("must leave some hours of the day")
    return quiet


def _kept_secret(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="utf-8").strip()
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(secrets.token_urlsafe(48))
    return path.read_text(encoding="utf-8").strip()
