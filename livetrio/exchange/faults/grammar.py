"""Grammar: a fault as one line of text.

    NAME [ARGUMENT] [P%] [on SCOPE] [once | every DURATION] [after DURATION] [for DURATION]

    drop-connection every 30s          latency 200ms..2s for 1m         dup 10% on userFills
    half-open after 10s                429 for 10s after 1m             maintenance for 30s every 5m

What comes after the name may stand in any order. ``P%`` is how likely it happens at each opportunity.
``after`` is when it begins; with ``every`` and without ``after``, it begins after the first such time.

Faults of a *moment* happen then, once or every so often, and ``for`` ends the repetition. All others last,
for ever or ``for`` so long, each time anew with ``every``; with ``once``, or with ``every`` and no ``for``,
they happen at the first opportunity only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import attrs

from livetrio.durations import parse_duration
from livetrio.exchange.faults.catalogue import (
    ACTIONS,
    CHANNELS,
    FAULTS,
    SCOPE_ALIASES,
    VENUE,
    Catalogue,
    Kind,
    Span,
)
from livetrio.model.identifiers import nearest

MAX_LINE = 200
"""Characters of a line."""

MAX_DURATION = 365 * 86_400_000
"""ms."""

_CHANCE = re.compile(r"(\d{1,3}(?:\.\d{1,4})?)%", re.ASCII)
_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1))
_KEYWORDS = ("on", "once", "every", "after", "for")
_PLAIN = "a chance such as 5%, on, once, every, after or for"


class BadFault(ValueError):
    """A line is no fault; the text is one sentence that says why."""


@attrs.frozen
class Fault:
    """A fault to perform. Times in ms."""

    name: str
    argument: Span | None = None
    """From, to; None is the kind's own."""
    percent: float | None = None
    """Above 0, at most 100, four decimals; None: always."""
    scope: str | None = None
    once: bool = False
    every: int | None = None
    after: int | None = None
    length: int | None = None
    """What ``for`` says."""
    kind: Kind = attrs.field(
        default=attrs.Factory(lambda self: FAULTS[self.name], takes_self=True), kw_only=True, repr=False
    )
    """What the catalogue knows of it; by default the venue's."""

    def __str__(self) -> str:
        """The line that `parse_fault` reads as this fault."""
        words = [self.name]
        if self.argument is not None:
            words.append(span_text(self.argument))
        if self.percent is not None:
            words.append(f"{self.percent:.4f}".rstrip("0").rstrip(".") + "%")
        if self.scope is not None:
            words += ["on", self.scope]
        if self.once:
            words.append("once")
        for keyword, value in (("every", self.every), ("after", self.after), ("for", self.length)):
            if value is not None:
                words += [keyword, duration_text(value)]
        return " ".join(words)


def parse_fault(line: str, catalogue: Catalogue = VENUE) -> Fault:
    """The fault that a line describes, of those in a catalogue.

    Raises:
      BadFault: it describes none.
    """
    if len(line) > MAX_LINE:
        raise BadFault(f"expected a fault of at most {MAX_LINE} characters, found {len(line)}")
    words = line.split()
    if not words:
        raise BadFault("expected the name of a fault, found nothing")
    kind = find_kind(words[0], catalogue)
    found: dict[str, object] = {}
    rest = iter(words[1:])
    for word in rest:
        key, value = _read(kind, word, rest)
        if key in found:
            raise BadFault(f"expected {key} once in a fault, found it again at {word!r}")
        found[key] = value
    fault = Fault(
        kind.name,
        kind=kind,
        **{_FIELDS[key]: value for key, value in found.items()},  # type: ignore[arg-type]
    )
    _check(fault)
    return fault


_FIELDS = {
    "the argument": "argument",
    "the chance": "percent",
    "on": "scope",
    "once": "once",
    "every": "every",
    "after": "after",
    "for": "length",
}


def find_kind(word: str, catalogue: Catalogue) -> Kind:
    """The kind of fault that a word names.

    Raises:
      BadFault: it names none.
    """
    name = word.casefold()
    name = catalogue.aliases.get(name, name)
    if name in catalogue.kinds:
        return catalogue.kinds[name]
    if name in catalogue.elsewhere:
        raise BadFault(f"{name} is no fault of {catalogue.owner}: {catalogue.elsewhere[name]}")
    known = [*catalogue.kinds, *catalogue.aliases, *catalogue.elsewhere]
    raise BadFault(f"expected the name of a fault, found {word!r}{_hint(word, known)}")


def _read(kind: Kind, word: str, rest: Iterable[str]) -> tuple[str, object]:
    """What a word after the name means: a key of `_FIELDS` and its value."""
    keyword = word.casefold()
    if keyword == "once":
        return "once", True
    if keyword in _KEYWORDS:
        value = next(iter(rest), None)
        if value is None:
            what = "a channel or a kind of request" if keyword == "on" else "a duration such as 30s"
            raise BadFault(f"expected {what} after {keyword!r}, found the end of the line")
        if keyword == "on":
            return "on", _scope(kind, value)
        return keyword, _duration(value, f"after {keyword!r}")
    if word.endswith("%"):
        return "the chance", _chance(word)
    if not word[0].isdigit():
        raise BadFault(f"expected {_PLAIN} in {kind.name}, found {word!r}{_hint(word, _KEYWORDS)}")
    if kind.argument is None:
        raise BadFault(
            f"expected no argument, for {kind.name} takes none, found {word!r}; a chance is written 5%"
        )
    return "the argument", parse_span(word, f"as the argument of {kind.name}")


def parse_span(word: str, place: str) -> Span:
    """``200ms`` or ``200ms..2s``, in ms; ``place`` says in a complaint where it stands.

    Raises:
      BadFault: it is neither.
    """
    low, dots, high = word.partition("..")
    first = _duration(low, place)
    last = _duration(high, place) if dots else first
    if last < first:
        raise BadFault(f"expected the shorter duration first {place}, found {word!r}")
    return first, last


def span_text(span: Span) -> str:
    """What `parse_span` reads as this."""
    low, high = span
    return duration_text(low) if low == high else f"{duration_text(low)}..{duration_text(high)}"


def _duration(word: str, place: str) -> int:
    """Whole ms."""
    try:
        length = round(parse_duration(word) * 1000)
    except ValueError:
        raise BadFault(f"expected a duration such as 30s, 5m or 200ms {place}, found {word!r}") from None
    if not 1 <= length <= MAX_DURATION:
        raise BadFault(f"expected a duration from 1ms to 365d {place}, found {word!r}")
    return length


def _chance(word: str) -> float:
    match = _CHANCE.fullmatch(word)
    percent = float(match[1]) if match else 0.0
    if not 0 < percent <= 100:
        raise BadFault(
            f"expected a chance above 0% and up to 100%, with four decimals at most, found {word!r}"
        )
    return percent


def _scope(kind: Kind, word: str) -> str:
    if not kind.scopes:
        raise BadFault(f"expected no 'on', for {kind.name} acts {kind.place.value}, found 'on {word}'")
    known = {each.casefold(): each for each in kind.scopes}
    for alias, channel in SCOPE_ALIASES.items():
        if channel in kind.scopes:
            known[alias.casefold()] = channel
    if word.casefold() not in known:
        some: list[str] = [each for each in ("info", "action") if each in kind.scopes]
        some += ["an action's type"] if ACTIONS & kind.scopes else []
        some += ["a channel"] if CHANNELS & kind.scopes else []
        wanted = " or ".join(some)
        hint = _hint(word, kind.scopes)
        raise BadFault(f"expected {wanted} after 'on' in {kind.name}, found {word!r}{hint}")
    return known[word.casefold()]


def _check(fault: Fault) -> None:
    """Refuse what contradicts itself."""
    if fault.every is None:
        if fault.length is not None and fault.kind.is_moment:
            own = fault.kind.argument is not None and fault.argument is None
            hint = (
                f"; how long it takes is written '{fault.name} {duration_text(fault.length)}'" if own else ""
            )
            raise BadFault(
                f"expected 'every' beside 'for', for {fault.name} happens at a moment,"
                f" found {str(fault)!r}{hint}"
            )
        return
    if fault.once:
        raise BadFault(f"expected 'once' or 'every', found both in {str(fault)!r}")
    length = fault.length if fault.length is not None else fault.kind.length
    if length is None:
        return
    if fault.kind.is_moment:
        if length < fault.every:
            raise BadFault(f"expected 'for' to be no shorter than 'every', found {str(fault)!r}")
    elif length >= fault.every:
        raise BadFault(
            "expected 'for' to be shorter than 'every', "
            f"found {duration_text(length)} every {duration_text(fault.every)}"
        )


def _hint(word: str, known: Iterable[str]) -> str:
    close = nearest(word, known)
    return f"; did you mean {close}?" if close else ""


def duration_text(length: int) -> str:
    """A duration in ms as `parse_duration` reads it."""
    text = ""
    for unit, size in _UNITS:
        count, length = divmod(length, size)
        if count:
            text += f"{count}{unit}"
    return text
