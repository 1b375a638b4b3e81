"""Replays: the call, and for a configuration the command, that shows a world again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import attrs

from livetrio.simulation.plan import Plan
from livetrio.testing.drawing import Drawing
from livetrio.testing.subjects import Settings, Simulatable


@attrs.frozen
class Replays:
    """Of one subject."""

    what: Simulatable
    settings: Settings
    drawing: Drawing | None
    """None: the plan was given."""

    def call(self, plan: Plan) -> str:
        """The call of a world that is drawn, or of any other."""
        return self._call(self._how_drawn(plan) or _how_written(plan))

    def command(self, plan: Plan) -> str | None:
        """The command of a world that is drawn; None: there is none, or a file is needed for it."""
        drawing = self.drawing
        if drawing is None or not drawing.is_drawn or drawing.knobs or drawing.plan(plan.seed) != plan:
            return None
        seconds = f"{plan.seconds:.3f}".rstrip("0").rstrip(".")
        return self._command("--seeds", str(plan.seed), "--seconds", seconds, "--faults", str(drawing.faults))

    def file_command(self, file: Path) -> str | None:
        """The command of a plan in a file; None where what is simulated is no file itself."""
        return self._command("--plan", str(file))

    def lines(self, plan: Plan, *, is_check: bool = False) -> list[str]:
        """How to see it again; of a check that did not hold the command knows nothing."""
        command = None if is_check else self.command(plan)
        return [self.call(plan), *([] if command is None else [command])]

    def _command(self, *how: str) -> str | None:
        if not isinstance(self.what, str | Path):
            return None
        overrides = [word for each in self.settings.overrides for word in ("--set", each)]
        return shlex.join(["livetrio", "simulate", str(self.what), *overrides, *how])

    def _how_drawn(self, plan: Plan) -> dict[str, Any] | None:
        drawing = self.drawing
        if drawing is None or not drawing.is_drawn or drawing.plan(plan.seed) != plan:
            return None
        return {"seed": plan.seed, "seconds": plan.seconds, "faults": drawing.faults, **drawing.knobs}

    def _call(self, how: dict[str, Any]) -> str:
        settings = {
            field.name: getattr(self.settings, field.name)
            for field in attrs.fields(Settings)
            if getattr(self.settings, field.name) != field.default
        }
        arguments = [f"{name}={render_value(value)}" for name, value in (how | settings).items()]
        return f"simulate({', '.join([render_value(self.what), *arguments])})"


def _how_written(plan: Plan) -> dict[str, Any]:
    """The arguments that are this very plan."""
    fields = {each.name: each.default for each in attrs.fields(Plan)}
    said = {name: getattr(plan, name) for name in fields}
    changed = {name: value for name, value in said.items() if value != fields[name]}
    if plan.faults:
        changed["faults"] = list(plan.faults)
    return changed


def render_value(value: Any) -> str:
    """A value as it is written in Python, where that can be known; a name is that of its definition."""
    if isinstance(value, partial):
        inner = [render_value(each) for each in (value.func, *value.args)]
        named = [f"{name}={render_value(each)}" for name, each in value.keywords.items()]
        return f"partial({', '.join([*inner, *named])})"
    if isinstance(value, Path):
        return repr(str(value))
    if isinstance(value, list | tuple):
        inner = [render_value(each) for each in value]
        return f"[{', '.join(inner)}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key!r}: {render_value(each)}' for key, each in value.items())}}}"
    if isinstance(value, type) or (callable(value) and hasattr(value, "__qualname__")):
        return str(value.__qualname__).rpartition("<locals>.")[2]
    if attrs.has(type(value)):
        return _render_object(value)
    return repr(value)


def _render_object(value: Any) -> str:
    """An object of an attrs class, by the fields that are not as by default."""
    said = []
    for field in attrs.fields(type(value)):
        mine, default = getattr(value, field.name), field.default
        if isinstance(default, attrs.Factory):  # type: ignore[arg-type]  # typed as a function, and a class
            default = default.factory() if not default.takes_self else attrs.NOTHING
        if field.init and field.repr and mine != default:
            said.append(f"{field.alias}={render_value(mine)}")
    return f"{type(value).__name__}({', '.join(said)})"
