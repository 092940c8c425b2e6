"""Template tags of the pages: nonce, import map, configuration of the client. They render addresses, read no rooms."""

import json
import secrets
from functools import lru_cache
from typing import Any

from django import template
from django.conf import settings
from django.template import Context
from django.template.base import Node, NodeList, Parser, Token
from django.templatetags.static import static
from django.urls import get_script_prefix, get_urlconf, reverse
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


_NONCE = secrets.token_urlsafe(16)  # stands for a page's own nonce in what is kept
KEPT = 50  # of each part


@register.simple_tag(takes_context=True)
def nonce(context: Context) -> SafeString | str:
    """The attribute ``nonce="…"`` for a script tag, or nothing where the project sets no nonce.

    Django's own nonce is false until it is first read, so that ``{% if csp_nonce %}`` would never write it.
    """
    value = context.get("csp_nonce")
    return format_html(' nonce="{}"', str(value)) if value is not None and str(value) else ""


class Same(Node):
    """A part of a page that is the same for every reader: rendered once, kept as text.

    Guarantee: its content sees the values that are named and nothing else, neither request nor user, so that nothing of
    one reader can be shown to another.
    """

    def __init__(self, nodelist: NodeList, names: list[str]) -> None:
        self.nodelist = nodelist
        self._names = names
        self._kept: dict[tuple[Any, ...], str] = {}

    def render(self, context: Context) -> SafeString:
        # A plain text, even of a safe one: it is escaped for everybody.
        given = {name: str(context.get(name) or "") + "" for name in self._names}
        if context.get("csp_nonce") is not None:
            given["csp_nonce"] = _NONCE
        # Addresses of static files are those that the storage read when it was made, as everywhere in Django.
        key = (get_language(), settings.STATIC_URL, get_script_prefix(), get_urlconf(), *given.values())
        text = None if settings.DEBUG else self._kept.get(key)
        if text is None:
            text = self.nodelist.render(context.new(given))
            if len(self._kept) >= KEPT:
                self._kept.clear()
            self._kept[key] = text
        if _NONCE in text:
            text = text.replace(_NONCE, str(context["csp_nonce"]))
        return mark_safe(text)  # noqa: S308 (what templates made)


@register.tag
def same(parser: Parser, token: Token) -> Same:
    """``{% same name other %}…{% endsame %}``: what depends on nothing but language, mount and the values named."""
    nodelist = parser.parse(("endsame",))
    parser.delete_first_token()
    return Same(nodelist, token.split_contents()[1:])


@register.simple_tag(takes_context=True)
def klatch_modules(context: Context) -> SafeString:
    """The import map, and a preload for each module so that they load side by side and not one after another."""
    modules, own = importmap(), nonce(context)
    text = json.dumps({"imports": modules}).translate(_ESCAPES)
    preload = '<link rel="modulepreload" href="{}"{}>'
    preloads = format_html_join("\n", preload, ((url, own) for url in modules.values()))
    # The text is escaped above; format_html would turn its quotes into entities.
    return format_html('<script type="importmap"{}>{}</script>\n{}', own, mark_safe(text), preloads)  # noqa: S308


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
    config: dict[str, Any] = {
        **_addresses(settings.STATIC_URL, get_script_prefix(), get_urlconf()),
        "user": {"id": user.pk, "username": user.get_username(), "name": adapter().name(user)},
        "language": get_language() or "en",
        "place": str(context.get("klatch_place") or conf().extra.get("place") or "Klatch"),
        "links": dict(context.get("klatch_links") or {}),  # may be lazy
        "slug": context.get("klatch_slug", ""),
        "position": context.get("klatch_position"),
    }
    return json_script(config, "klatch-config")


@lru_cache(maxsize=8)
def _addresses(static_url: str, prefix: str, urlconf: Any) -> dict[str, str]:
    """What they depend on is only named, not used."""
    pages = reverse("klatch:directory")
    mount = pages.removesuffix("chat/")
    return {"base": pages, "ws": f"{mount}ws/", "api": f"{mount}api/v1/", "icon": static("klatch/icon.svg")}
