"""Template tags of the pages: the nonce, the import map. They render addresses and know no data."""

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag(takes_context=True)
def nonce(context: dict[str, Any]) -> SafeString | str:
    """The attribute ``nonce="…"`` for a script tag, or nothing where the project sets no nonce.

    Django's own nonce is false until it is first read, so that ``{% if csp_nonce %}`` would never write it.
    """
    value = str(context.get("csp_nonce", ""))
    return format_html(' nonce="{}"', value) if value else ""
