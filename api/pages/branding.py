"""What the clinic brings along: its colours as a stylesheet, its logo. Addresses change with the content."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256

from fastapi import APIRouter
from fastapi.responses import Response

from api.dependencies import ReadDep
from webinars.errors import NotFound
from webinars.rules.branding import Logo
from webinars.rules.colours import Palette, colours_of, reads
from webinars.services import branding

router = APIRouter(prefix="/brand", include_in_schema=False)
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_SHEET = re.compile(r"([0-9a-f]{6})-[0-9a-f]{12}\.css")


@lru_cache(maxsize=64)
def stylesheet(accent: str) -> str:
    """The tokens of site.css that hang on the colour. A strict policy forbids them in the page itself."""
    colours = colours_of(accent)
    ground = f"--ground:{colours.ground};--ground-quiet:{colours.ground_quiet}"
    light, dark = _tokens(colours.light), _tokens(colours.dark)
    return f":root{{{light};{ground}}}@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"


@lru_cache(maxsize=64)
def stylesheet_url(accent: str) -> str:
    """All that the sheet hangs on is in its address, so that any process can make it."""
    digest = sha256(stylesheet(accent).encode()).hexdigest()[:12]
    return f"/brand/{accent.removeprefix('#')}-{digest}.css"


def logo_url(logo: Logo) -> str:
    return f"/brand/{logo.name}"


@router.get("/{name}")
def brand_file(name: str, work: ReadDep) -> Response:
    found = _SHEET.fullmatch(name)
    if found is not None:
        accent = f"#{found[1]}"
        if reads(accent) and stylesheet_url(accent) == f"/brand/{name}":
            return Response(stylesheet(accent), headers=_FOR_EVER, media_type="text/css")
        raise NotFound
    for look in (branding.brand_of, branding.look):  # the page may come from a process that knows the change already
        logo = look(work).logo
        if logo is not None and logo.name == name:
            return Response(logo.content, headers=_FOR_EVER, media_type=logo.media_type)
    raise NotFound


def _tokens(palette: Palette) -> str:
    return (
        f"--brand:{palette.accent};--brand-deep:{palette.strong};--on-brand:{palette.on_accent};--wash:{palette.wash}"
    )
