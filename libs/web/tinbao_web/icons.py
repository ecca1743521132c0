"""Icons drawn into the page itself: one file each in `icons/`, from lucide (ISC), and no request."""

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

from markupsafe import Markup

SHAPES = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)


@cache
def load_icons() -> Mapping[str, str]:
    """The shapes of every icon by its lucide name; size, stroke and colour are the stylesheet's."""
    files = (file for file in resources.files(__package__).joinpath("icons").iterdir() if file.name.endswith(".svg"))
    return MappingProxyType({file.name.removesuffix(".svg"): _shapes(file.read_text("utf-8")) for file in files})


def _shapes(svg: str) -> str:
    found = SHAPES.search(svg)
    if found is None:
        raise ValueError("an icon file holds no <svg>")
    return re.sub(r"\s*(<|/>)\s*", r"\1", found[1]).strip()


def icon(name: str) -> Markup:
    """Inline SVG, hidden from screen readers: the words beside it say the same. Raises KeyError for an unknown name."""
    shapes = Markup(load_icons()[name])  # noqa: S704 our own files, read at start
    return Markup('<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{}</svg>').format(shapes)
