"""OrderDelays: how long orders took from one stage to the next."""

from __future__ import annotations

from collections.abc import Mapping

from livetrio.clock import NANOSECONDS
from livetrio.model import Sending, Timeline
from livetrio.operations.histogram import Histogram

STAGES = (
    "tick_to_decision",
    "decision_to_risk",
    "risk_to_signed",
    "signed_to_journaled",
    "journaled_to_sent",
    "decision_to_wire",
    "wire_to_ack",
)


class OrderDelays:
    """A `livetrio.engines.recorder.OrderTimes`."""

    def __init__(self) -> None:
        self.stages: Mapping[str, Histogram] = {each: Histogram() for each in STAGES}
        """Seconds, of orders of which the venue has said something. Those that were sent again count by
        the first time."""
        self.requests: dict[str, Histogram] = {}
        """Seconds from the wire to the answer, by kind of request."""

    def take_acknowledgement(self, timeline: Timeline) -> None:
        """Count an order."""
        first = timeline.requests[0][1] if timeline.requests else Sending(kind="submit")
        instants = {
            "tick_to_decision": (timeline.heard, timeline.decided),
            "decision_to_risk": (timeline.decided, timeline.passed),
            "risk_to_signed": (timeline.passed, first.signed),
            "signed_to_journaled": (first.signed, first.journaled),
            "journaled_to_sent": (first.journaled, first.sent),
            "decision_to_wire": (timeline.decided, first.sent),
            "wire_to_ack": (first.sent, timeline.acknowledged),
        }
        for name, (begin, end) in instants.items():
            if begin is not None and end is not None:
                self.stages[name].add((end - begin) / NANOSECONDS)

    def take_answer(self, sending: Sending) -> None:
        """Count a request."""
        if sending.sent is not None and sending.answered is not None:
            requests = self.requests.setdefault(sending.kind, Histogram())
            requests.add((sending.answered - sending.sent) / NANOSECONDS)
