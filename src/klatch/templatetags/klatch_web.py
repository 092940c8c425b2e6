"""Template tags of the pages: nonce, import map, configuration of the client. They render addresses, read no rooms."""

import json
from functools import lru_cache
from typing import Any

from django import template
from django.template import Context
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html, format_html_join, json_script
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

import klatch
from klatch.adapter import adapter
from klatch.conf import conf
from klatch.web.importmap import importmap

register = template.Library()

# Inside a script element these three could end it or open a comment.
_ESCAPES = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}


@register.simple_tag(takes_context=True)
def nonce(context: Context) -> SafeString | str:
    """The attribute ``nonce="…"`` for a script tag, or nothing where the project sets no nonce.

    Django's own nonce is false until it is first read, so that ``{% if csp_nonce %}`` would never write it.
    """
    value = str(context.get("csp_nonce", ""))
    return format_html(' nonce="{}"', value) if value else ""


@register.simple_tag(takes_context=True)
def klatch_modules(context: Context) -> SafeString:
    """The import map, and a preload for each module so that they load side by side and not one after another."""
    made = _modules(tuple(importmap().items()))
    # Written by us alone, and the attribute is escaped: nothing of a reader's is in either.
    return mark_safe(made.replace(_NONCE, nonce(context)))  # noqa: S308


_NONCE = "\x00"  # cannot stand in an address


@lru_cache(maxsize=1)
def _modules(modules: tuple[tuple[str, str], ...]) -> str:
    text = json.dumps({"imports": dict(modules)}).translate(_ESCAPES)
    preloads = format_html_join("\n", '<link rel="modulepreload" href="{}"{}>', ((url, _NONCE) for _, url in modules))
    # The text is escaped above; format_html would turn its quotes into entities.
    return format_html('<script type="importmap"{}>{}</script>\n{}', _NONCE, mark_safe(text), preloads)  # noqa: S308


@register.simple_tag
def klatch_main() -> str:
    """The address of the module that starts the client."""
    return importmap()["#klatch/main.js"]


@register.simple_tag
def klatch_version() -> str:
    return klatch.__version__


@register.simple_tag(takes_context=True)
def klatch_config(context: Context) -> SafeString:
    """What the client needs before it can speak: addresses, who is reading, which page was asked for."""
    user = context["klatch_reader"]
    pages = reverse("klatch:directory")
    mount = pages.removesuffix("chat/")
    config: dict[str, Any] = {
        "base": pages,
        "ws": f"{mount}ws/",
        "api": f"{mount}api/v1/",
        "icon": static("klatch/icon.svg"),
        "user": {"id": user.pk, "username": user.get_username(), "name": adapter().name(user)},
        "language": get_language() or "en",
        "place": str(context.get("klatch_place") or conf().extra.get("place") or "Klatch"),
        "links": dict(context.get("klatch_links") or {}),  # may be lazy
        "slug": context.get("klatch_slug", ""),
        "position": context.get("klatch_position"),
    }
    return json_script(config, "klatch-config")
