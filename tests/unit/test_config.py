"""A configuration is read whole and resolved to a plan; files that cannot be read say so in one sentence."""

from __future__ import annotations

import pytest

from aftergreen import config
from aftergreen.config.tiers import tier_rules
from aftergreen.model import (
    Backend,
    BaselinePlan,
    BaselineSource,
    Condition,
    Indicator,
    Plan,
    Reduce,
    RollbackPlan,
    Rule,
    Service,
    Strategy,
    Then,
    Timing,
)
from aftergreen.paths import find_paths
from tests.small import SMALL, with_signal

EXAMPLE = find_paths().example

# The example of the interface page, as it stands there.
CONTRACT = r"""
[service]
name = "checkout-api"
environment = "prod"
tier = "critical"
# running = 'count by (version) (app_info{app="checkout"})'
[metrics]
url = "http://localhost:9090"
timeout = "5s"
lag = "2s"
[watch]
duration = "15m"
warmup = "60s"
rollout = "0s"
interval = "15s"
window = "1m"
[baseline]
source = "before"
window = "30m"
# gap = "2m"
[evidence]
alpha = "0.1%"
[[signals]]
indicator = "error-rate"
name = "HTTP 5xx"
numerator = 'sum(increase(http_requests_total{job="checkout",status=~"5.."}[$window]))'
denominator = 'sum(increase(http_requests_total{job="checkout"}[$window]))'
unit = "%"
  [[signals.rules]]
  above = "1%"
  for = "2m"
  then = "rollback"
[[signals]]
indicator = "latency"
name = "average"
numerator = 'sum(increase(http_request_duration_seconds_sum{job="checkout"}[$window]))'
denominator = 'sum(increase(http_request_duration_seconds_count{job="checkout"}[$window]))'
unit = "s"
  [[signals.rules]]
  above_baseline = "50%"
  by_at_least = "20ms"
  for = "2m"
  then = "rollback"
  [[signals.rules]]
  climbing_for = "5m"
  then = "warn"
[[signals]]
indicator = "saturation"
name = "db connections"
query = 'sum(db_pool_connections_in_use{job="checkout"})'
  [[signals.rules]]
  exhausts_within = "30m"
  capacity = 100
  then = "rollback"
[[signals]]
indicator = "dependency"
dependency = "orders-db"
kind = "database"
name = "connect"
probe = "tcp://orders-db:5432"
  [[signals.rules]]
  above = "0.5s"
  for = "1m"
  then = "warn"
[[signals]]
indicator = "business"
name = "registrations"
query = 'sum(increase(registrations_total[$window])) / ($window_seconds / 60)'
unit = "/min"
baseline = "last-week"
  [[signals.rules]]
  below_baseline = "30%"
  for = "3m"
  then = "rollback"
[indicators.business]
# waived = "internal tool, no business signal"
[rollback]
strategy = "rolling"
command = ["kubectl", "rollout", "undo", "deployment/{service}"]
timeout = "5m"
verify_within = "5m"
automatic = false
grace = "10s"
"""


def test_the_contract_becomes_a_plan_in_the_units_of_its_signals() -> None:
    plan = config.loads(CONTRACT)
    assert plan.service == Service(name="checkout-api", environment="prod", tier="critical")
    assert plan.backend == Backend(url="http://localhost:9090", timeout=5, lag=2)
    assert plan.timing == Timing(duration=900, warmup=60, rollout=0, interval=15, window=60)
    assert plan.baseline == BaselinePlan(BaselineSource.BEFORE, window=1800, gap=120)
    assert plan.alpha == 0.001
    assert plan.rollback == RollbackPlan(
        command=("kubectl", "rollout", "undo", "deployment/{service}"),
        strategy=Strategy.ROLLING,
        timeout=300,
        verify_within=300,
    )
    assert [signal.key for signal in plan.signals] == [
        "error-rate/HTTP 5xx",
        "latency/average",
        "saturation/db connections",
        "dependency/orders-db/connect",
        "business/registrations",
    ]
    assert [signal.rules[0] for signal in plan.signals] == [
        Rule(Condition.ABOVE, 0.01, 120, Then.ROLLBACK, clear_for=120),
        Rule(Condition.ABOVE_BASELINE, 0.5, 120, Then.ROLLBACK, by_at_least=0.02, clear_for=120),
        Rule(Condition.EXHAUSTS, 1800, 60, Then.ROLLBACK, clear_for=60, capacity=100),
        Rule(Condition.ABOVE, 0.5, 60, Then.WARN, clear_for=60),
        Rule(Condition.BELOW_BASELINE, 0.3, 180, Then.ROLLBACK, by_at_least=1, clear_for=180),
    ]
    assert plan.signals[1].rules[1] == Rule(
        Condition.CLIMBING, 300, 0, Then.WARN, by_at_least=0.005, clear_for=60, by_share=0.05
    )
    assert [signal.baseline for signal in plan.signals] == [BaselineSource.BEFORE] * 4 + [
        BaselineSource.LAST_WEEK
    ]
    assert [(s.unit, s.events, s.window) for s in plan.signals] == [
        ("%", True, 60),
        ("s", False, 60),
        ("", False, 60),
        ("s", False, 60),
        ("/min", False, 60),
    ]
    assert not config.warnings_of(plan)


def test_the_shipped_example_is_valid_and_draws_no_warning() -> None:
    plan = config.load(EXAMPLE)
    assert {signal.indicator for signal in plan.signals} == set(Indicator)
    assert plan.backend.headers == {"X-Scope-OrgID": "prod"}
    assert plan.backend.bearer_token_env == "METRICS_TOKEN"  # noqa: S105  # the variable's name
    assert plan.of(Indicator.SATURATION)[0].reduce is Reduce.WORST
    assert {rule.condition for signal in plan.signals for rule in signal.rules} == (
        set(Condition) - {Condition.BELOW}
    )
    assert plan.signals[0].rules[0].clear == 0.005
    assert plan.signals[0].rules[0].clear_for == 60
    assert plan.signal(plan.of(Indicator.LATENCY)[1].key).window == 120
    assert not config.warnings_of(plan)


def test_the_shortest_configuration_gets_every_default() -> None:
    plan = config.loads(SMALL)
    assert plan == Plan(
        service=Service("shop"),
        backend=Backend("https://metrics.example/prometheus"),
        timing=Timing(),
        baseline=BaselinePlan(),
        signals=plan.signals,
        waived={
            Indicator.LATENCY: "batch job",
            Indicator.SATURATION: "batch job",
            Indicator.DEPENDENCY: "none",
            Indicator.BUSINESS: "internal tool",
        },
    )
    assert (plan.signals[0].unit, plan.signals[0].events) == ("%", True)


@pytest.mark.parametrize(
    ("lines", "gap"),
    [('window = "30m"', 120), ('window = "15m"', 60), ('window = "1h"', 120), ('gap = "10s"', 10)],
)
def test_the_gap_is_a_fifteenth_of_the_baseline_and_at_most_two_minutes(lines: str, gap: float) -> None:
    assert config.loads(f"{SMALL}\n[baseline]\n{lines}").baseline.gap == gap


@pytest.mark.parametrize(
    ("head", "unit", "events"),
    [
        ('indicator = "error-rate"\nnumerator = "a"\ndenominator = "b"', "%", True),
        ('indicator = "error-rate"\nevents = false\nnumerator = "a"\ndenominator = "b"', "%", False),
        ('indicator = "latency"\nnumerator = "a"\ndenominator = "b"', "", False),
        ('indicator = "business"\nevents = true\nunit = "%"\nnumerator = "a"\ndenominator = "b"', "%", True),
        ('indicator = "error-rate"\nquery = "a"', "", False),
        ('indicator = "latency"\nquery = "a"\nunit = "none"', "", False),
        ('indicator = "latency"\nprobe = "https://shop.example/health"', "s", False),
    ],
)
def test_unit_and_events_follow_from_what_is_measured(head: str, unit: str, events: bool) -> None:  # noqa: FBT001  # a column of the table
    signal = config.loads(with_signal(f"{head}\nrules = []")).signals[-1]
    assert (signal.unit, signal.events) == (unit, events)


@pytest.mark.parametrize(
    ("written", "rule"),
    [
        (
            'climbing_for = "5m"\nby_at_least = "20ms"\nfor = "30s"',
            Rule(Condition.CLIMBING, 300, 30, Then.WARN, by_at_least=0.02, clear_for=60),
        ),
        (
            'climbing_for = "5m"\nclear_for = "1m"',
            Rule(Condition.CLIMBING, 300, 0, Then.WARN, by_at_least=0.005, clear_for=60, by_share=0.05),
        ),
        (
            'exhausts_within = "30m"\ncapacity = "2s"',
            Rule(Condition.EXHAUSTS, 1800, 60, Then.WARN, clear_for=60, capacity=2),
        ),
        (
            'exhausts_within = "30m"\ncapacity = 2\nfor = "2m"',
            Rule(Condition.EXHAUSTS, 1800, 120, Then.WARN, clear_for=120, capacity=2),
        ),
        ('silent_for = "3m"', Rule(Condition.SILENT, 180, 180, Then.WARN, clear_for=180)),
        (
            'silent_for = "3m"\nclear_for = "1m"',
            Rule(Condition.SILENT, 180, 180, Then.WARN, clear_for=60),
        ),
    ],
)
def test_courses_and_silence_have_lengths_of_their_own(written: str, rule: Rule) -> None:
    head = f'indicator = "latency"\nquery = "a"\nunit = "s"\n[[signals.rules]]\n{written}\nthen = "warn"'
    assert config.loads(with_signal(head)).signals[-1].rules == (rule,)


def test_one_pace_may_be_held_against_two_capacities() -> None:
    rules = "".join(
        f'[[signals.rules]]\nexhausts_within = "30m"\ncapacity = {capacity}\nthen = "warn"\n'
        for capacity in (80, 100)
    )
    plan = config.loads(with_signal(f'indicator = "saturation"\nquery = "a"\n{rules}'))
    assert [rule.capacity for rule in plan.signals[-1].rules] == [80, 100]


@pytest.mark.parametrize(("written", "alpha"), [("5%", 0.05), ("0.01%", 0.0001)])
def test_how_often_chance_may_pass_for_evidence_is_chosen(written: str, alpha: float) -> None:
    assert config.loads(f'{SMALL}\n[evidence]\nalpha = "{written}"').alpha == alpha


@pytest.mark.parametrize("source", BaselineSource)
def test_a_signal_has_the_source_of_the_file_unless_it_has_its_own(source: BaselineSource) -> None:
    head = 'indicator = "latency"\nquery = "a{v=\'$version\'}"\nrules = []'
    text = f'{with_signal(head)}\n[baseline]\nsource = "{source}"'
    plan = config.loads(text)
    assert (plan.baseline.source, plan.signals[-1].baseline) == (source, source)
    own = config.loads(text.replace("rules = []", 'rules = []\nbaseline = "yesterday"'))
    assert (own.baseline.source, own.signals[-1].baseline) == (source, BaselineSource.YESTERDAY)


def test_evidence_acts_early_only_where_the_rule_says_so() -> None:
    text = SMALL.replace('then = "warn"', 'then = "rollback"\nfast = true')
    (rule,) = config.loads(f'{text}\n[rollback]\ncommand = ["undo"]').signals[0].rules
    assert rule.fast


@pytest.mark.parametrize("tier", ["critical", "standard", "background"])
def test_a_signal_without_the_key_rules_gets_those_of_its_tier(tier: str) -> None:
    head = 'indicator = "saturation"\nquery = "a"\nunit = "%"'
    text = with_signal(head).replace('name = "shop"', f'name = "shop"\ntier = "{tier}"', 1)
    plan = config.loads(f'{text}\n[rollback]\ncommand = ["undo"]')
    usual = tier_rules(tier, plan.signals[-1], plan.timing)
    assert plan.signals[-1].rules == tuple(rule for rule, _ in usual)
    assert not config.warnings_of(plan)


def test_the_same_name_may_stand_in_two_indicators_and_two_dependencies() -> None:
    signals = "".join(
        f'[[signals]]\nindicator = "dependency"\ndependency = "{name}"\nname = "failed"\nquery = "up"\n'
        for name in ("db", "cache")
    )
    plan = config.loads(SMALL.replace('dependency.waived = "none"\n', "") + signals)
    assert [signal.label for signal in plan.signals] == ["failed", "db failed", "cache failed"]


def test_braces_that_are_no_placeholders_are_written_twice() -> None:
    plan = config.loads(f'{SMALL}\n[rollback]\ncommand = ["deploy", "{{{{.status}}}}", "{{previous}}"]')
    assert plan.rollback is not None
    assert plan.rollback.command == ("deploy", "{{.status}}", "{previous}")


def test_all_errors_are_told_at_once_in_the_order_of_the_file() -> None:
    text = (
        SMALL.replace('name = "shop"', 'nam = "shop"')
        .replace('above = "2%"', "above = 2")
        .replace('"1m"', '"1"')
    )
    with pytest.raises(config.ConfigError) as caught:
        config.loads(text, "shop.toml")
    assert str(caught.value).splitlines() == [
        "shop.toml has 4 errors:",
        '  service.nam: found an unknown key, expected a known one; did you mean "name"?',
        "  service.name: found nothing, expected the name of the service that is watched",
        (
            '  signals[0].rules[0].for: found "1", expected a duration with its unit, '
            'such as "90s", "1m30s", "1.5h" or "7d"'
        ),
        (
            "  signals[0].rules[0].above: found 2, expected a percentage with its sign, "
            'such as "1%", for a bare number could mean two things'
        ),
    ]


@pytest.mark.parametrize(
    ("count", "refused"),
    [
        ("sum(requests_total)", True),
        ("sum(increase(requests_total[$window]))", False),
        ("sum(increase(requests_total[1m]))", False),
        ("sum(increase(requests_total[$window]) keep_metric_names)", False),
    ],
)
def test_what_stands_behind_a_value_is_counted_over_its_window(count: str, *, refused: bool) -> None:
    text = with_signal(f"indicator = \"latency\"\nrules = []\nquery = 'sum(a)'\ncount = '{count}'")
    if not refused:
        assert config.loads(text).signals[-1].count == count
        return
    with pytest.raises(config.ConfigError, match="has no range, expected a query that counts over"):
        config.loads(text)


def test_an_owner_may_say_that_nothing_means_zero_with_a_reason() -> None:
    ratio = 'indicator = "error-rate"\nrules = []\nnumerator = "a"\ndenominator = "b"\nabsent_is_zero = {}'
    plan = config.loads(with_signal(ratio.format('"one a year"')))
    assert plan.signals[-1].absent_is_zero == "one a year"
    for reason, rest, expected in (
        ('" "', "", "text that is not empty"),
        ('"one a year"', "\nevents = false", "only on a ratio of events"),
    ):
        with pytest.raises(config.ConfigError, match=expected):
            config.loads(with_signal(ratio.format(reason) + rest))
    with pytest.raises(config.ConfigError, match="only on a ratio of events"):
        config.loads(with_signal('indicator = "latency"\nprobe = "tcp://a:1"\nabsent_is_zero = "no"'))


def test_a_credential_that_the_rollback_command_is_to_have_is_named() -> None:
    text = SMALL.replace("[[signals]]", 'bearer_token_env = "METRICS_TOKEN"\n[[signals]]', 1)
    plan = config.loads(f'{text}[rollback]\ncommand = ["undo"]\npass_env = ["METRICS_TOKEN"]\n')
    assert plan.rollback == RollbackPlan(("undo",), pass_env=("METRICS_TOKEN",))
