"""Imports point downward, the middle does not wait, and one venue is one folder.

Read from the source, so that an import counts wherever it stands: at the top, in a function, or for the
type checker only.
"""

import ast
import re
from pathlib import Path

import pytest

import livetrio

ROOT = Path(livetrio.__file__).parent

LAYERS = [
    ["errors", "version", "durations"],
    ["secrets"],
    ["model"],
    ["topics", "clock"],
    ["subscription"],
    ["bus"],
    ["cache"],
    ["engines"],
    ["venues.base", "venues"],
    ["venues.trading"],
    ["venues.registry"],
    ["venues.<name>"],
    ["journal"],
    ["supervision"],
    ["strategy"],
    ["exchange"],
    ["operations"],
    ["app"],
    ["simulation"],
    ["testing"],
    ["__init__", "__main__"],
]
"""Lowest first. Those of one line do not import each other, but what is in one folder may."""

NEVER_WAITS = {
    "errors", "version", "durations", "secrets", "model", "topics", "clock", "cache", "engines",
    "venues", "venues.base", "venues.registry", "venues.trading", "venues.<name>", "journal",
}  # fmt: skip
"""No ``async`` and no ``await`` here."""

ALLOWED = {
    ("venues.registry", "venues.<name>"): "the table of the venues imports each when it is first wanted",
    ("app", "simulation"): "the command `simulate`; a world has whole engines in it, so it stands above them",
    ("simulation", "testing"): "the network in memory, and the agreement of journal, cache and exchange",
    ("app", "__init__"): "where the package lies, to tell its own frames in a traceback",
}
"""Imports that point upward or aside, with the reason."""

MAY_NAME_A_VENUE = {"venues.<name>", "venues.registry", "exchange", "simulation", "testing"}
"""Who knows a particular venue: `exchange` is one on this machine, and the last two connect to that."""

VENUE_NAMES = sorted(each.name for each in (ROOT / "venues").iterdir() if (each / "venue.py").is_file())

LEVEL = {layer: level for level, layers in enumerate(LAYERS) for layer in layers}


def parse(file):
    return ast.parse(file.read_text(), filename=str(file))


MODULES = {
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): parse(file)
    for file in sorted(ROOT.rglob("*.py"))
}
"""The module's name within livetrio, and its source as a tree. ``__init__`` is livetrio itself."""


def layer_of(module):
    parts = module.split(".")
    if parts[0] == "venues" and len(parts) > 1:
        return "venues.<name>" if parts[1] in VENUE_NAMES else f"venues.{parts[1]}"
    return parts[0]


def folder_of(module):
    """What a module may import freely: its own folder (of the venues, its own venue's)."""
    parts = module.split(".")
    return tuple(parts[: 2 if parts[0] == "venues" else 1])


def imports_of(module, tree):
    """Every module of livetrio that this one imports, and where: (line, module)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "livetrio":
                    yield node.lineno, alias.name.removeprefix("livetrio").removeprefix(".") or "__init__"
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno}: imports are written in full"
            if (node.module or "").split(".")[0] == "livetrio":
                base = node.module.removeprefix("livetrio").removeprefix(".")
                for alias in node.names:
                    inner = f"{base}.{alias.name}".removeprefix(".")
                    yield node.lineno, inner if inner in MODULES else base or "__init__"


def upward(module, imported):
    """Whether this import points anywhere but down."""
    here, there = layer_of(module), layer_of(imported)
    if folder_of(module) == folder_of(imported) or (here, there) in ALLOWED:
        return False
    return LEVEL[there] >= LEVEL[here]


IMPORTS = [
    (module, line, imported)
    for module, tree in MODULES.items()
    for line, imported in imports_of(module, tree)
]


def test_every_module_has_its_layer():
    strangers = {module for module in MODULES if layer_of(module) not in LEVEL}

    assert not strangers, f"say in LAYERS where these stand: {sorted(strangers)}"
    assert VENUE_NAMES == ["hyperliquid"]
    assert len(IMPORTS) > 100


def test_imports_point_downward():
    wrong = [
        f"livetrio.{module}, line {line}: imports {imported}, which does not stand below it"
        for module, line, imported in IMPORTS
        if upward(module, imported)
    ]

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "module, imported",
    [
        ("model.order", "bus"),
        ("topics", "clock"),
        ("cache", "engines.data"),
        ("venues.base", "venues.registry"),
        ("venues.hyperliquid.decode", "supervision.http"),
        ("supervision.session", "strategy.base"),
        ("bus", "__init__"),
    ],
)
def test_the_test_of_imports_can_fail(module, imported):
    assert upward(module, imported)


@pytest.mark.parametrize(
    "module, imported",
    [("bus", "model.order"), ("supervision.session", "supervision.http"), ("app.config", "venues.registry")],
)
def test_the_test_of_imports_can_pass(module, imported):
    assert not upward(module, imported)


def test_the_exchange_and_the_venues_share_nothing_but_the_wire_format():
    wrong = [
        f"livetrio.{module}, line {line}: imports {imported}"
        for module, line, imported in IMPORTS
        if {module.split(".")[0], imported.split(".")[0]} == {"exchange", "venues"}
        and not re.fullmatch(r"venues\.\w+\.wire", imported)
    ]

    assert not wrong, "\n".join(wrong)


def test_the_synchronous_middle_does_not_wait():
    waiting = (ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith, ast.Await)
    wrong = [
        f"livetrio.{module}, line {node.lineno}: {type(node).__name__}"
        for module, tree in MODULES.items()
        if layer_of(module) in NEVER_WAITS
        for node in ast.walk(tree)
        if isinstance(node, waiting) or (isinstance(node, ast.comprehension) and node.is_async)
    ]

    assert not wrong, "\n".join(wrong)


# One venue is one folder. Elsewhere a venue's name may stand where people read it: in docstrings and
# comments (as an example, or as the source of a fact), and in messages as an example after "such as". It
# may not be in an identifier, an import, or any other text that the program itself works with.


def docstrings_of(tree):
    """The constants that are documentation: texts that stand as statements of their own."""
    return {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def names_in(tree):
    """(line, text) of everything in a module that could name a venue to the program."""
    documentation = docstrings_of(tree)
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str | bytes) and id(node) not in documentation:
                text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
                yield line, re.sub(r"such as \S+", "", text)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield line, getattr(node, "module", None) or ""
            for alias in node.names:
                yield line, f"{alias.name} {alias.asname}"
        else:
            for field in ("id", "name", "attr", "arg"):
                if isinstance(getattr(node, field, None), str):
                    yield line, getattr(node, field)


def test_only_a_venues_own_folder_knows_its_name():
    wrong = [
        f"livetrio.{module}, line {line}: {text!r}"
        for module, tree in MODULES.items()
        if layer_of(module) not in MAY_NAME_A_VENUE
        for line, text in names_in(tree)
        if any(name in text.casefold() for name in VENUE_NAMES)
    ]

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "code, is_named",
    [
        ('"""Hyperliquid closes after 60 s."""', False),
        ('x = 1\n"""``wss://api.hyperliquid.xyz/ws``."""', False),
        ('raise ValueError(f"expected an id such as BTC-USD-PERP.HYPERLIQUID, found {x}")', False),
        ("# Hyperliquid", False),
        ('URL = "wss://api.hyperliquid.xyz"', True),
        ('raise ValueError("such as this, by HYPERLIQUID")', True),
        ('x = b"hyperliquid"', True),
        ("import livetrio.venues.hyperliquid", True),
        ("from livetrio.venues import hyperliquid as h", True),
        ("from livetrio.venues.registry import X as HyperliquidX", True),
        ("def make_hyperliquid(): ...", True),
        ("class HyperliquidVenue: ...", True),
        ("f(hyperliquid=1)", True),
        ("x.hyperliquid", True),
        ("def f(hyperliquid): ...", True),
    ],
)
def test_the_test_of_names_can_fail(code, is_named):
    found = [text for _, text in names_in(ast.parse(code)) if "hyperliquid" in text.casefold()]

    assert bool(found) == is_named
