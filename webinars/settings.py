"""What an operator decides: environment variables with the prefix `WEBINARS_`, each also as `…_FILE`."""

from __future__ import annotations

import os
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


class Settings(BaseSettings):
    """Built by whoever starts the program, never at import."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True)

    environment: Environment = Environment.development
    database_url: SecretStr = SecretStr("sqlite:///var/webinars.db")
    base_url: str = "http://127.0.0.1:8000"
    secret_key: SecretStr = SecretStr("")
    """At least 32 characters. Outside production one is made and kept under `var/`."""
    previous_secret_key: SecretStr | None = None
    """Still opens what an earlier SECRET_KEY sealed."""
    mail_url: SecretStr = SecretStr("")
    """`smtp://`, `smtps://` or `dir:///path`. Empty (not in production): kept in `var/mail`, shown at /dev/mail."""
    mail_from: str = "webinars@clinic.example"
    sender_name: str = "Webinars"
    """Stands in front of the address. Neutral, for a specialist's name on a lock screen says too much."""
    mail_connections: int = Field(default=5, ge=1, le=32)
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
    database_pool: int = Field(default=8, ge=1, le=16)
    metrics_token: SecretStr | None = None
    trusted_proxies: str = "127.0.0.1"
    """Addresses or networks whose X-Forwarded-For and -Proto are believed, separated by commas."""
    register_limit_minute: int = Field(default=5, ge=0)
    """How often one network, and one address, may register in a minute. Tokens may without limit. 0: no limit."""
    register_limit_hour: int = Field(default=20, ge=0)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic names it
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, FileSource(settings_cls)

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
        if self.environment is Environment.production:
            self._fit_for_production()
        return self

    def _fit_for_production(self) -> None:
        if not self.secret_key.get_secret_value():
            raise ValueError("SECRET_KEY is missing: make one with `openssl rand -base64 48` and keep it safe")
        if not self.mail_url.get_secret_value():
            raise ValueError("MAIL_URL is missing: smtp://user:password@host:587")
        if not self.base_url.startswith("https://"):
            raise ValueError("BASE_URL must begin with https:// in production")

    @property
    def is_secure(self) -> bool:
        """Whether visitors reach the pages over TLS."""
        return self.base_url.startswith("https://")

    @property
    def settle_after(self) -> timedelta:
        return timedelta(minutes=self.settle_after_minutes)

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


def _kept_secret(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="utf-8").strip()
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(secrets.token_urlsafe(48))
    return path.read_text(encoding="utf-8").strip()
