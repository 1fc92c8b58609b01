"""The schedule lab in JupyterLab, by anywidget; `d2lsched.lab` makes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..extras import needs
from ..schedules import Schedule
from . import named, schedules_of, to_html
from . import state as state_of
from .images import TRAIN, VALIDATION, packed
from .modules import STYLES, joined

with needs("lab"):
    import anywidget
    import traitlets


class Lab(anywidget.AnyWidget):
    """The schedule lab as a widget.

    state: what the page shows, as plain data; it follows the reader, and the page follows it.
    """

    _esm = joined()
    _css = STYLES
    state = traitlets.Dict().tag(sync=True)

    def __init__(self, state: Mapping[str, Any]):
        super().__init__(state=dict(state))
        self.on_msg(self._answer)

    def _answer(self, _: Any, message: Mapping[str, Any], buffers: list[bytes]) -> None:
        if message.get("wanted") == "images":
            self.send({"train": TRAIN, "validation": VALIDATION}, buffers=[packed()])

    @property
    def schedules(self) -> dict[str, Schedule]:
        """The schedules on the page by their names, as the reader has left them.

        May be set: a mapping from names to schedules, at most eight; ValueError otherwise.
        """
        return schedules_of(self.state)

    @schedules.setter
    def schedules(self, schedules: Mapping[str, Schedule]) -> None:
        entries = state_of(named([schedules]))["schedules"]
        self.state = {**self.state, "schedules": entries}

    def __repr__(self) -> str:
        return f"Lab({self.schedules}, updates={self.state['updates']})"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        # JupyterLab takes the widget. The book has no widget manager, takes the HTML, and its
        # script makes a lab of it. Without the model's id, nbval finds the text the same.
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        texts = {"text/plain": repr(self), "text/html": to_html(self.state, repr(self))}
        return {**data, **texts}, metadata
