"""What a configuration is proposed from, without any backend."""

from __future__ import annotations

from aftergreen.config import loads
from aftergreen.model import Indicator, Kind, Reading
from aftergreen.proposal.document import Draft
from aftergreen.proposal.instrumentation import alone
from aftergreen.proposal.limits import Past, Written
from aftergreen.proposal.recognition import Proposal
from aftergreen.proposal.weighing import Weighed
from aftergreen.rollback.presets import preset


def weighed(proposal: Proposal, *rules: Written) -> Weighed:
    """A proposal with rules, of which nothing is known beside."""
    signal = loads(alone(proposal.table)).signals[0]
    return Weighed(proposal, signal, Reading.unknown(Kind.NO_TRAFFIC), Past(), rules)


def draft(service: str, *signals: Weighed, going_back: str = "kubectl") -> Draft:
    """What a file is made of; indicators without a signal are waived."""
    measured = {one.proposal.indicator for one in signals}
    way = preset(going_back) if going_back else None
    return Draft(
        service=service,
        environment="prod",
        tier="standard",
        metrics={"url": "http://localhost:9090", "headers": {"X-Scope-OrgID": "prod"}},
        window=60.0,
        signals=signals,
        waived={one: 'it\'s "none" of ours' for one in Indicator if one not in measured},
        rollback=way,
        rolls_back=way is not None,
        day="2026-11-29",
    )
