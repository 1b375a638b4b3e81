"""Two directives: the settings of a class, and the reference of a module's public names."""

from __future__ import annotations

import importlib
import inspect
import sys
from types import ModuleType
from typing import Any, TypeVar

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from settings import environment_name, settings_of
from sphinx.application import Sphinx
from sphinx.ext.napoleon import Config, GoogleDocstring
from sphinx.util.docutils import SphinxDirective


class Settings(SphinxDirective):
    """``{settings} livetrio.app.config.LoggingConfig`` with the ``:section:`` that it is in a file."""

    required_arguments = 1
    option_spec = {"section": directives.unchanged}  # noqa: RUF012  # as docutils has it

    def run(self) -> list[nodes.Node]:
        """The settings as a list of definitions."""
        module, _, name = self.arguments[0].rpartition(".")
        kind = getattr(importlib.import_module(module), name)
        self.env.note_dependency(inspect.getfile(kind))
        section = self.options.get("section")
        lines: list[str] = []
        for each in settings_of(kind):
            lines += [f"`{each.name}`", f": *{each.words}*; default: {each.default}"]
            if section is not None:
                lines[-1] += f"; `{environment_name(section, each.name)}`"
            lines += ["", *(f"  {line}" for line in each.text.splitlines()), ""]
        return self.parse_text_to_nodes("\n".join(lines))


class PublicNames(SphinxDirective):
    """``{public-names} livetrio.model``: all of its ``__all__``, or the ``:only:`` ones."""

    required_arguments = 1
    option_spec = {"only": directives.unchanged, "except": directives.unchanged}  # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        """What autodoc says of each."""
        module = importlib.import_module(self.arguments[0])
        names = self.options.get("only", "").split() or public_names(module)
        left_out = self.options.get("except", "").split()
        lines: list[str] = []
        for name in names:
            if name not in left_out and name != "__version__":
                lines += _directive_for(self.arguments[0], name, getattr(module, name))
        node = nodes.container()
        self.state.nested_parse(_in_rst(lines), 0, node)
        return node.children


def public_names(module: ModuleType) -> list[str]:
    """Its ``__all__``; or else what is defined there, in the order in which it is written."""
    if hasattr(module, "__all__"):
        return list(module.__all__)
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and getattr(value, "__module__", None) == module.__name__
        and not isinstance(value, TypeVar)
    ]


def _home(module: str, name: str, value: Any) -> str:
    """The module in which a constant is written, where its docstring is."""
    inside = [each for each in sys.modules if each.startswith(f"{module}.")]
    return next((each for each in sorted(inside) if vars(sys.modules[each]).get(name) is value), module)


def _directive_for(module: str, name: str, value: Any) -> list[str]:
    if inspect.isclass(value):
        inherited = ":inherited-members: BaseException, Exception, Enum, str, int"  # but for theirs
        kind, options = "autoclass", [":members:", inherited]
    elif callable(value) and hasattr(value, "__code__"):
        kind, options = "autofunction", []
    else:
        kind, options, module = "autodata", [":no-value:"], _home(module, name, value)
    return [f".. {kind}:: {module}.{name}", *(f"   {each}" for each in options), ""]


def _in_rst(lines: list[str]) -> StringList:
    """What is RST, for a page in Markdown."""
    return StringList(["```{eval-rst}", *lines, "```"], "public names")


def read_sections(_: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """Turn ``Args:`` and ``Raises:`` of a docstring into what Sphinx knows.

    Napoleon itself would also take the first words of a constant's docstring for its type, where a colon
    follows them.
    """
    if what not in ("attribute", "property", "data"):
        lines[:] = GoogleDocstring(lines, Config(), what=what, name=name, obj=value).lines()


def read_signature(
    _: Sphinx, what: str, name: str, value: Any, options: Any, signature: str | None, returned: str | None
) -> tuple[str | None, str | None]:
    """Say by dots that a default is made anew each time, which attrs calls NOTHING."""
    return signature and signature.replace("= NOTHING", "= ..."), returned


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", read_sections)
    app.connect("autodoc-process-signature", read_signature)
    app.add_directive("settings", Settings)
    app.add_directive("public-names", PublicNames)
    return {"parallel_read_safe": True}
