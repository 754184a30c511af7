"""Every fault of a configuration is told with its place, what was found, and what is expected."""

from __future__ import annotations

import pytest

from aftergreen import config

SOUND = """
[service]
name = "shop"

[metrics]
url = "http://localhost:9090"

[watch]
duration = "15m"

[baseline]
window = "30m"

[evidence]

[[signals]]
indicator = "error-rate"
name = "failed"
numerator = "sum(increase(failed[$window]))"
denominator = "sum(increase(requests[$window]))"
unit = "%"
[[signals.rules]]
above = "2%"
for = "1m"
then = "rollback"

[[signals]]
indicator = "latency"
name = "p95"
query = "p95"
unit = "s"
[[signals.rules]]
above_baseline = "50%"
for = "2m"
then = "warn"

[[signals]]
indicator = "dependency"
dependency = "db"
name = "connect"
probe = "tcp://db:5432"
[[signals.rules]]
above = "0.5s"
for = "1m"
then = "warn"

[indicators.saturation]
waived = "none"

[indicators.business]
waived = "none"

[rollback]
command = ["undo", "{service}"]
"""

SIGNALS = SOUND[SOUND.index("[[signals]]") : SOUND.index("[indicators.saturation]")]
DURATION = 'a duration with its unit, such as "90s", "1m30s", "1.5h" or "7d"'
PERCENTAGE = 'a percentage with its sign, such as "1%" or "0.1%"'
ABSENT = "this key to be absent: it is not available yet"
ONE_CONDITION = (
    "exactly one of above, below, above_baseline, below_baseline, climbing_for, exhausts_within or silent_for"
)
BOTH_VERSIONS = 'queries with $version: baseline = "control" asks them for both versions'
ONE_MEASURE = "exactly one of query, numerator with denominator, and probe"
RATIO = 'numerator = "sum(increase(failed[$window]))"\ndenominator = "sum(increase(requests[$window]))"\n'
HTTP = 'http:// or https:// and a host, such as "http://localhost:9090"'
PLACEHOLDERS = "{service}, {version}, {previous} or {environment}, with other braces written {{ and }}"
ARGUMENTS = 'a list of texts, one an argument, such as ["kubectl", "rollout", "undo"]'
REST_WAIVED = 'error-rate.waived = "none"\nlatency.waived = "none"\ndependency.waived = "none"\n'
ANOTHER_LATENCY = '[[signals]]\nindicator = "latency"\nname = "p95"\nquery = "other"\n\n[indicators.sat'


def _after(line: str, more: str) -> tuple[str, str]:
    return line, f"{line}\n{more}"


SERVICE, URL, DURATION_LINE = 'name = "shop"', 'url = "http://localhost:9090"', 'duration = "15m"'
WINDOW, COMMAND, PROBE = 'window = "30m"', 'command = ["undo", "{service}"]', 'probe = "tcp://db:5432"'
ABOVE, RELATIVE, QUERY = 'above = "2%"', 'above_baseline = "50%"', 'query = "p95"'
WARNED = f'[[signals.rules]]\n{RELATIVE}\nfor = "2m"\nthen = "warn"\n'
LIMIT_OF_PROBE = 'above = "0.5s"\nfor = "1m"'

CASES: list[tuple[tuple[str, str], str, str]] = [
    # keys and tables
    (
        _after(SERVICE, "teir = 1"),
        "service.teir",
        'an unknown key, expected a known one; did you mean "tier"?',
    ),
    (
        _after(SERVICE, "x = 1"),
        "service.x",
        "an unknown key, expected name, environment, tier, running, runbook or on_call",
    ),
    (
        _after(SERVICE, f'runbook = "{"x" * 201}"'),
        "service.runbook",
        f'"{"x" * 59}…", expected at most 200 characters on one line, without spaces around them',
    ),
    (
        ("[evidence]", "[evidnce]"),
        "evidnce",
        'an unknown key, expected a known one; did you mean "evidence"?',
    ),
    (("[evidence]", "[[evidence]]"), "evidence", "a list, expected a table of keys and values"),
    (
        ("[indicators.bus", "[indicators.cost]\n[indicators.bus"),
        "indicators.cost",
        "an unknown key, expected error-rate, latency, saturation, dependency or business",
    ),
    (
        _after(ABOVE, "abvoe = 1"),
        "signals[0].rules[0].abvoe",
        'an unknown key, expected a known one; did you mean "above"?',
    ),
    # service
    ((SERVICE, ""), "service.name", "nothing, expected the name of the service that is watched"),
    ((SERVICE, "name = 3"), "service.name", "3, expected text in quotes"),
    ((SERVICE, 'name = " "'), "service.name", '"", expected text that is not empty'),
    (
        (SERVICE, 'name = "a\\u001b[2J"'),
        "service.name",
        '"a [2J", expected at most 60 characters on one line, without spaces around them',
    ),
    (
        (SERVICE, 'name = "a/b"'),
        "service.name",
        '"a/b", expected a name without / and #, which separate the parts of a release',
    ),
    (
        _after(SERVICE, 'tier = "critcal"'),
        "service.tier",
        '"critcal", expected "critical", "standard" or "background"; did you mean "critical"?',
    ),
    (
        _after(SERVICE, 'running = "count(up"'),
        "service.running",
        "a ( that is never closed, expected a query whose brackets and quotes are closed",
    ),
    # metrics
    (
        (URL, ""),
        "metrics.url",
        'nothing, expected the address of a Prometheus API, such as "http://localhost:9090"',
    ),
    ((URL, 'url = "localhost:9090"'), "metrics.url", f'"localhost:9090", expected {HTTP}'),
    ((URL, 'url = "http://"'), "metrics.url", f'"http://", expected {HTTP}'),
    ((URL, 'url = "http://a:0"'), "metrics.url", f'"http://a:0", expected {HTTP}'),
    ((URL, 'url = "http://a:port"'), "metrics.url", f'"http://a:port", expected {HTTP}'),
    (
        (URL, 'url = "http://a/?tenant=1"'),
        "metrics.url",
        '"http://a/?***", expected an address without ? and #, to which paths can be appended',
    ),
    (_after(URL, 'timeout = "0s"'), "metrics.timeout", '"0s", expected a duration longer than 0s'),
    (_after(URL, "lag = 2"), "metrics.lag", f"2, expected {DURATION}"),
    (
        _after(URL, 'bearer_token_env = "A"\nbasic_auth_env = "B"'),
        "metrics.basic_auth_env",
        "basic_auth_env beside bearer_token_env, expected one way to authenticate",
    ),
    (
        _after(URL, 'client_key = "a.pem"'),
        "metrics.client_cert",
        "nothing, expected the certificate to which client_key belongs",
    ),
    (
        _after(URL, "headers = { A = 1 }"),
        "metrics.headers",
        (
            'the header "A" with a value that is no such text, '
            "expected text in quotes, in plain ASCII on one line"
        ),
    ),
    (
        _after(URL, 'headers = { "A B" = "x" }'),
        "metrics.headers",
        'the header "A B", expected names made of letters, digits and hyphens',
    ),
    (
        _after(URL, 'headers = { A = "x", a = "y" }'),
        "metrics.headers",
        "a header twice, expected every header once, whatever its case",
    ),
    (
        _after(URL, 'headers = "A: x"'),
        "metrics.headers",
        '"A: x", expected a table such as { X-Scope-OrgID = "prod" }',
    ),
    # watch, baseline, evidence
    ((DURATION_LINE, "duration = 15"), "watch.duration", f"15, expected {DURATION}"),
    ((DURATION_LINE, 'duration = "0s"'), "watch.duration", '"0s", expected a duration longer than 0s'),
    ((DURATION_LINE, 'duration = "-15m"'), "watch.duration", f'"-15m", expected {DURATION}'),
    (
        _after(DURATION_LINE, 'warmup = "15m"'),
        "watch.warmup",
        '"15m", expected less than watch.duration, which is 15m',
    ),
    (
        _after(DURATION_LINE, 'interval = "20m"'),
        "watch.interval",
        '"20m", expected at most watch.duration, which is 15m',
    ),
    (
        _after(DURATION_LINE, 'interval = "1us"'),
        "watch.interval",
        '"0.001ms", expected at most 100,000 intervals within watch.duration',
    ),
    (_after(DURATION_LINE, 'window = "0s"'), "watch.window", '"0s", expected a duration longer than 0s'),
    ((WINDOW, 'window = "0s"'), "baseline.window", '"0s", expected a duration longer than 0s'),
    ((WINDOW, 'window = "5s"'), "baseline.window", '"5s", expected at least watch.interval, which is 15s'),
    (
        (WINDOW, 'window = "1000d"'),
        "baseline.window",
        '"1000d", expected at most 100,000 intervals of watch.interval',
    ),
    (
        _after(WINDOW, 'source = "control"'),
        "signals[1].baseline",
        f"no $version in query, expected {BOTH_VERSIONS}",
    ),
    (
        _after(WINDOW, 'source = "yesteday"'),
        "baseline.source",
        (
            '"yesteday", expected "before", "yesterday", "last-week", "previous-release" or "control"; '
            'did you mean "yesterday"?'
        ),
    ),
    (
        _after(WINDOW, 'zone = "europe/berln"'),
        "baseline.zone",
        '"europe/berln", expected a time zone, as "Europe/Berlin"; did you mean "Europe/Berlin"?',
    ),
    (
        _after(WINDOW, 'zone = "../../etc/passwd"'),
        "baseline.zone",
        '"../../etc/passwd", expected a time zone, as "Europe/Berlin"',
    ),
    (_after(WINDOW, "zone = 1"), "baseline.zone", "1, expected text in quotes"),
    (
        ("[evidence]", '[evidence]\nalpha = "6%"'),
        "evidence.alpha",
        '"6 %", expected at least 0.0000001 % and at most 5 %, such as "0.1%"',
    ),
    (
        ("[evidence]", '[evidence]\nalpha = "0%"'),
        "evidence.alpha",
        '"0 %", expected at least 0.0000001 % and at most 5 %, such as "0.1%"',
    ),
    (("[evidence]", "[evidence]\nalpha = 0.001"), "evidence.alpha", f"0.001, expected {PERCENTAGE}"),
    # signals
    (
        ('indicator = "latency"', 'indicator = "latncy"'),
        "signals[1].indicator",
        (
            '"latncy", expected "error-rate", "latency", "saturation", '
            '"dependency" or "business"; did you mean "latency"?'
        ),
    ),
    (
        ('indicator = "latency"', ""),
        "signals[1].indicator",
        "nothing, expected the indicator to which the signal belongs",
    ),
    (('name = "p95"', ""), "signals[1].name", "nothing, expected a name for the signal"),
    (
        ("[indicators.sat", ANOTHER_LATENCY),
        "signals[3].name",
        '"p95" twice, expected a name of its own within the indicator latency',
    ),
    ((QUERY, ""), "signals[1]", f"nothing to measure, expected {ONE_MEASURE}"),
    (_after(QUERY, RATIO), "signals[1]", f"query and numerator, expected {ONE_MEASURE}"),
    (_after(PROBE, QUERY), "signals[2]", f"query and probe, expected {ONE_MEASURE}"),
    (
        (RATIO, RATIO.splitlines()[0] + "\n"),
        "signals[0].denominator",
        "nothing, expected a query, because there is a numerator",
    ),
    (
        (RATIO, RATIO.splitlines()[1] + "\n"),
        "signals[0].numerator",
        "nothing, expected a query, because there is a denominator",
    ),
    (
        _after(RATIO.strip(), 'count = "n"'),
        "signals[0].count",
        "count, expected this key only beside a query",
    ),
    (
        _after(QUERY, "events = true"),
        "signals[1].events",
        "true, expected this key only beside a numerator and denominator",
    ),
    (_after(QUERY, 'events = "yes"'), "signals[1].events", '"yes", expected true or false, without quotes'),
    (_after(QUERY, 'reduce = "max"'), "signals[1].reduce", '"max", expected "worst" or "sum"'),
    (_after(QUERY, 'window = "0s"'), "signals[1].window", '"0s", expected a duration longer than 0s'),
    (
        _after(QUERY, 'baseline = "control"'),
        "signals[1].baseline",
        f"no $version in query, expected {BOTH_VERSIONS}",
    ),
    (
        (RATIO, RATIO.replace("failed[", "failed{v='$version'}[") + 'baseline = "control"\n'),
        "signals[0].baseline",
        f"no $version in denominator, expected {BOTH_VERSIONS}",
    ),
    (
        (WARNED, 'baseline = "control"\n'),
        "signals[1].baseline",
        f"no $version in query, expected {BOTH_VERSIONS}",
    ),
    (
        _after(PROBE, 'baseline = "yesterday"'),
        "signals[2].baseline",
        '"yesterday", expected no such key on a probe, which has one value and no past',
    ),
    (
        _after(QUERY, 'dependency = "db"'),
        "signals[1].dependency",
        '"db", expected this key only on signals with indicator = "dependency"',
    ),
    (
        _after(QUERY, 'kind = "cache"'),
        "signals[1].kind",
        '"cache", expected this key only on signals with indicator = "dependency"',
    ),
    (
        ('dependency = "db"\n', ""),
        "signals[2].dependency",
        'nothing, expected the name of the dependency, such as "orders-db"',
    ),
    (
        _after(PROBE, 'kind = "queue"'),
        "signals[2].kind",
        '"queue", expected "database", "cache", "broker" or "service"',
    ),
    (
        (PROBE, 'probe = "db:5432"'),
        "signals[2].probe",
        '"db:5432", expected an address that begins with tcp://, http:// or https://',
    ),
    (
        (PROBE, 'probe = "tcp://db"'),
        "signals[2].probe",
        '"tcp://db", expected a host and a port and nothing more, such as "tcp://orders-db:5432"',
    ),
    (
        (PROBE, 'probe = "tcp://db:70000"'),
        "signals[2].probe",
        '"tcp://db:70000", expected a host and a port, such as "tcp://orders-db:5432"',
    ),
    (
        (PROBE, 'probe = "https:///health"'),
        "signals[2].probe",
        '"https:///health", expected a host after https://',
    ),
    (_after(PROBE, 'unit = "ms"'), "signals[2].unit", '"ms", expected "s", for a probe measures seconds'),
    (
        _after(PROBE, 'window = "2m"'),
        "signals[2].window",
        '"2m", expected no such key on a probe, which has one value and no past',
    ),
    (
        ('unit = "s"', 'unit = "5 apples"'),
        "signals[1].unit",
        '"5 apples", expected one of %, s, ms, bytes, /s, /min, none, or any one word',
    ),
    (
        (QUERY, 'query = "sum(up"'),
        "signals[1].query",
        "a ( that is never closed, expected a query whose brackets and quotes are closed",
    ),
    (
        (QUERY, "query = 'up{a=\"b}'"),
        "signals[1].query",
        'a " that is never closed, expected a query whose brackets and quotes are closed',
    ),
    (
        (QUERY, "query = 'sum(up])'"),
        "signals[1].query",
        "a ] that closes nothing, expected a query whose brackets and quotes are closed",
    ),
    (
        (QUERY, "query = 'rate(up[$windw])'"),
        "signals[1].query",
        (
            "the placeholder $windw, expected $window, $window_seconds, $version, $service or $environment;"
            ' did you mean "$window"?'
        ),
    ),
    (
        ('[[signals]]\nindicator = "error-rate"', '[[signal]]\nx = 1\n[[signals]]\nindicator = "error-rate"'),
        "signal",
        'an unknown key, expected a known one; did you mean "signals"?',
    ),
    # rules
    (
        (ABOVE, "above = 2"),
        "signals[0].rules[0].above",
        '2, expected a percentage with its sign, such as "1%", for a bare number could mean two things',
    ),
    ((ABOVE, 'above = "2"'), "signals[0].rules[0].above", f'"2", expected {PERCENTAGE}'),
    (
        (ABOVE, "above = true"),
        "signals[0].rules[0].above",
        'true, expected a number, or text with a number and its unit such as "1%" or "20ms"',
    ),
    (
        (ABOVE, 'above = "0%"'),
        "signals[0].rules[0].above",
        '"0%", expected a share of more than 0% and less than 100%',
    ),
    (
        (ABOVE, 'above = "100%"'),
        "signals[0].rules[0].above",
        '"100%", expected a share of more than 0% and less than 100%',
    ),
    (
        (ABOVE, 'below = "101%"'),
        "signals[0].rules[0].below",
        '"101%", expected a share of more than 0% and at most 100%',
    ),
    ((ABOVE, ""), "signals[0].rules[0]", f"no condition, expected {ONE_CONDITION}"),
    (_after(ABOVE, 'below = "1%"'), "signals[0].rules[0]", f"above and below, expected {ONE_CONDITION}"),
    (
        _after(ABOVE, 'by_at_least = "1%"'),
        "signals[0].rules[0].by_at_least",
        '"1%", expected this key only beside above_baseline, below_baseline or climbing_for',
    ),
    (_after(ABOVE, 'clear = "3%"'), "signals[0].rules[0].clear", '"3%", expected at most the limit, 2 %'),
    (
        (ABOVE, 'below = "2%"\nclear = "1%"'),
        "signals[0].rules[0].clear",
        '"1%", expected at least the limit, 2 %',
    ),
    (
        _after(ABOVE, 'clear = "-1%"'),
        "signals[0].rules[0].clear",
        '"-1%", expected a value that is not negative',
    ),
    (
        _after(ABOVE, 'clear_for = "0s"'),
        "signals[0].rules[0].clear_for",
        '"0s", expected a duration longer than 0s',
    ),
    (
        _after(RELATIVE, "fast = true"),
        "signals[1].rules[0].fast",
        'true, expected this key only on rules with then = "rollback": a warning never acts',
    ),
    (
        (RELATIVE + '\nfor = "2m"\nthen = "warn"', RELATIVE + '\nfor = "2m"\nthen = "rollback"\nfast = true'),
        "signals[1].rules[0].fast",
        "true, expected this key only beside above or below on a ratio of events: nothing else has evidence",
    ),
    (
        (f"{ABOVE}\nfor", 'silent_for = "3m"\nclear_for = "1m"\nby_at_least = "1%"\n# for'),
        "signals[0].rules[0].by_at_least",
        '"1%", expected this key only beside above_baseline, below_baseline or climbing_for',
    ),
    (
        (f"{ABOVE}\nfor", 'climbing_for = "5m"\nfast = true\nfor'),
        "signals[0].rules[0].fast",
        "true, expected this key only beside above or below on a ratio of events: nothing else has evidence",
    ),
    (
        _after(ABOVE, "capacity = 5"),
        "signals[0].rules[0].capacity",
        "5, expected this key only beside exhausts_within",
    ),
    (
        (ABOVE, 'silent_for = "3m"'),
        "signals[0].rules[0].for",
        '"1m", expected no such key beside silent_for, which says how long',
    ),
    (
        (ABOVE, 'climbing_for = "1m"'),
        "signals[0].rules[0].climbing_for",
        '"1m", expected at least "4m": eight intervals, and four windows of the query',
    ),
    (
        (ABOVE, 'climbing_for = "0s"'),
        "signals[0].rules[0].climbing_for",
        '"0s", expected a duration longer than 0s',
    ),
    (
        (ABOVE, 'climbing_for = "5m"\nclear = "1%"'),
        "signals[0].rules[0].clear",
        '"1%", expected no such key beside climbing_for: clear_for says when it clears',
    ),
    (
        (ABOVE, 'exhausts_within = "3m"'),
        "signals[0].rules[0].capacity",
        "nothing, expected how much there is of what runs out, such as 100",
    ),
    (
        (ABOVE, 'exhausts_within = "3m"\ncapacity = "0%"'),
        "signals[0].rules[0].capacity",
        '"0%", expected a capacity of more than 0',
    ),
    (
        (LIMIT_OF_PROBE, 'silent_for = "1m"'),
        "signals[2].rules[0].silent_for",
        "silent_for on a probe, expected above or below, because a probe has no past and is never silent",
    ),
    (
        (LIMIT_OF_PROBE, 'climbing_for = "5m"'),
        "signals[2].rules[0].climbing_for",
        "climbing_for on a probe, expected above or below, because a probe has no past and is never silent",
    ),
    (
        (LIMIT_OF_PROBE, 'exhausts_within = "5m"\ncapacity = "2s"'),
        "signals[2].rules[0].exhausts_within",
        (
            "exhausts_within on a probe, expected above or below, "
            "because a probe has no past and is never silent"
        ),
    ),
    ((RELATIVE, "above_baseline = 0.5"), "signals[1].rules[0].above_baseline", f"0.5, expected {PERCENTAGE}"),
    (
        (RELATIVE, 'above_baseline = "0%"'),
        "signals[1].rules[0].above_baseline",
        '"0 %", expected a change of more than 0%',
    ),
    (
        (RELATIVE, 'below_baseline = "100%"'),
        "signals[1].rules[0].below_baseline",
        '"100 %", expected a fall of less than 100%',
    ),
    ((RELATIVE, 'below = "0s"'), "signals[1].rules[0].below", '"0s", expected a limit of more than 0'),
    ((RELATIVE, "above = -1"), "signals[1].rules[0].above", "-1, expected a limit that is not negative"),
    (
        (RELATIVE, "above = nan"),
        "signals[1].rules[0].above",
        'nan, expected a time such as "20ms" or "0.5s", or a number of seconds',
    ),
    (
        _after(RELATIVE, 'by_at_least = "20 GB"'),
        "signals[1].rules[0].by_at_least",
        f'"20 GB", expected {DURATION}',
    ),
    (
        _after(RELATIVE, "by_at_least = -1"),
        "signals[1].rules[0].by_at_least",
        "-1, expected a change that is not negative",
    ),
    (
        ('for = "2m"\n', ""),
        "signals[1].rules[0].for",
        'nothing, expected how long the condition must hold, such as "2m"',
    ),
    (('for = "2m"', 'for = "0s"'), "signals[1].rules[0].for", '"0s", expected a duration longer than 0s'),
    (
        ('for = "2m"\nthen = "warn"', 'for = "2m"'),
        "signals[1].rules[0].then",
        'nothing, expected "rollback" or "warn"',
    ),
    (
        ('then = "rollback"', 'then = "rolback"'),
        "signals[0].rules[0].then",
        '"rolback", expected "rollback" or "warn"; did you mean "rollback"?',
    ),
    (
        ('above = "0.5s"', 'above_baseline = "50%"'),
        "signals[2].rules[0].above_baseline",
        "a relative rule on a probe, expected above or below, because a probe has no history",
    ),
    (
        ("[indicators.sat", '[[signals.rules]]\nabove = 0.5\nfor = "3m"\nthen = "warn"\n\n[indicators.sat'),
        "signals[2].rules[1]",
        "the same condition twice, expected every rule of a signal to differ from the others",
    ),
    # indicators
    (
        ('[indicators.business]\nwaived = "none"', ""),
        "indicators.business",
        'no signal, expected a signal with indicator = "business", or waived = "the reason"',
    ),
    (
        ('[indicators.business]\nwaived = "none"', '[indicators.business]\nwaived = ""'),
        "indicators.business.waived",
        '"", expected text that is not empty',
    ),
    (
        ("[indicators.business]", '[indicators.latency]\nwaived = "slow anyway"\n[indicators.business]'),
        "indicators.latency.waived",
        '"slow anyway", expected an indicator that has signals not to be waived',
    ),
    (
        (SIGNALS, f"[indicators]\n{REST_WAIVED}"),
        "indicators",
        "every indicator waived, expected at least one with a signal: nothing is watched",
    ),
    # rollback, journal, notices
    (
        (COMMAND, ""),
        "rollback.command",
        'nothing, expected the command that goes back, because signals[0].rules[0].then is "rollback"',
    ),
    (
        (COMMAND, f'{COMMAND}\npass_env = ["HOME"]'),
        "rollback.pass_env[0]",
        '"HOME", expected a variable with credentials of [metrics]: all others are handed on anyway',
    ),
    (
        (COMMAND, f'{COMMAND}\npass_env = "METRICS_TOKEN"'),
        "rollback.pass_env",
        '"METRICS_TOKEN", expected a list of names of environment variables, such as ["METRICS_TOKEN"]',
    ),
    (
        (f"[rollback]\n{COMMAND}", ""),
        "rollback.command",
        'nothing, expected the command that goes back, because signals[0].rules[0].then is "rollback"',
    ),
    ((COMMAND, "command = []"), "rollback.command", f"an empty list, expected {ARGUMENTS}"),
    ((COMMAND, 'command = "undo shop"'), "rollback.command", f'"undo shop", expected {ARGUMENTS}'),
    ((COMMAND, 'command = ["undo", 3]'), "rollback.command", f"a list, expected {ARGUMENTS}"),
    (
        (COMMAND, 'command = [""]'),
        "rollback.command",
        (
            "a list that names no program, "
            'expected a list that begins with a program, such as ["kubectl", "rollout"]'
        ),
    ),
    (
        (COMMAND, 'command = ["undo", "{sevice}"]'),
        "rollback.command[1]",
        f'the placeholder {{sevice}}, expected {PLACEHOLDERS}; did you mean "{{service}}"?',
    ),
    (
        (COMMAND, 'command = ["undo", "{}"]'),
        "rollback.command[1]",
        f"the placeholder {{}}, expected {PLACEHOLDERS}",
    ),
    (
        (COMMAND, 'command = ["undo", "{version:>9}"]'),
        "rollback.command[1]",
        f"the placeholder {{version}}, expected {PLACEHOLDERS}",
    ),
    (
        (COMMAND, 'command = ["undo", "{version"]'),
        "rollback.command[1]",
        f'"{{version", expected {PLACEHOLDERS}',
    ),
    (
        _after(COMMAND, 'strategy = "canry"'),
        "rollback.strategy",
        '"canry", expected "rolling", "blue-green" or "canary"; did you mean "canary"?',
    ),
    (_after(COMMAND, 'timeout = "0s"'), "rollback.timeout", '"0s", expected a duration longer than 0s'),
    (
        _after(COMMAND, 'automatic = "dry"'),
        "rollback.automatic",
        '"dry", expected true, false or "dry-run"; did you mean "dry-run"?',
    ),
    (_after(COMMAND, "automatic = 1"), "rollback.automatic", '1, expected true, false or "dry-run"'),
    (_after(COMMAND, 'grace = "0s"'), "rollback.grace", '"0s", expected a duration longer than 0s'),
    (
        _after(COMMAND, 'grace = "15m"'),
        "rollback.grace",
        '"15m", expected less than watch.duration, which is 15m',
    ),
    (_after(COMMAND, "[journal]\npath = 3"), "journal.path", "3, expected text in quotes"),
    (_after(COMMAND, '[notices]\nurls_env = "HOOKS"'), "notices.urls_env", f'"HOOKS", expected {ABSENT}'),
]


def faults(text: str) -> tuple[config.Fault, ...]:
    with pytest.raises(config.ConfigError) as caught:
        config.loads(text)
    return caught.value.faults


def test_what_the_faults_are_made_of_is_sound() -> None:
    assert config.loads(SOUND).service.name == "shop"


@pytest.mark.parametrize(
    ("change", "place", "rest"), CASES, ids=[f"{case[1]}-{n}" for n, case in enumerate(CASES)]
)
def test_a_fault_has_its_place_and_its_cure_and_stands_alone(
    change: tuple[str, str], place: str, rest: str
) -> None:
    old, new = change
    assert SOUND.count(old) >= 1
    assert [f.sentence() for f in faults(SOUND.replace(old, new, 1))] == [f"{place}: found {rest}"]


def test_a_climb_that_is_too_short_is_told_at_its_own_place_beside_another_faulty_rule() -> None:
    text = SOUND.replace(ABOVE, "above = 2", 1).replace(
        "[indicators.sat", '[[signals.rules]]\nabove = true\nthen = "warn"\n\n[indicators.sat', 1
    )
    climbing = f'{WARNED}[[signals.rules]]\nclimbing_for = "1m"\nthen = "warn"\n'
    text = text.replace(WARNED, climbing.replace("50%", "0%"), 1)
    assert "signals[1].rules[1].climbing_for" in [fault.place for fault in faults(text)]


def test_how_long_a_climb_has_to_be_is_not_told_while_the_interval_is_in_doubt() -> None:
    text = SOUND.replace(DURATION_LINE, f'{DURATION_LINE}\ninterval = "20m"', 1)
    text = text.replace(f'{RELATIVE}\nfor = "2m"', 'climbing_for = "5m"', 1)
    assert [fault.place for fault in faults(text)] == ["watch.interval"]


def test_usual_rules_that_roll_back_need_a_command_as_well() -> None:
    text = SOUND.replace(WARNED, "").replace('then = "rollback"', 'then = "warn"')
    (fault,) = faults(text.replace(f"[rollback]\n{COMMAND}", ""))
    assert fault.sentence() == (
        "rollback.command: found nothing, expected the command that goes back, because signals[1] has the "
        "usual rules of its tier, which roll back (rules = [] gives it none)"
    )
    shown = text.replace(f"[rollback]\n{COMMAND}", "").replace(QUERY, f"{QUERY}\nrules = []")
    assert config.loads(shown).rollback is None


def test_rules_that_cannot_be_read_are_not_replaced_by_usual_ones() -> None:
    text = SOUND.replace(WARNED, 'rules = "none"\n').replace('then = "rollback"', 'then = "warn"')
    assert [f.place for f in faults(text.replace(f"[rollback]\n{COMMAND}", ""))] == ["signals[1].rules"]


def test_faults_of_every_kind_are_told_together() -> None:
    text = SOUND
    for old, new in (
        (ABOVE, "above = 2"),
        (QUERY, ""),
        ('for = "2m"\n', ""),
        (PROBE, 'probe = "db"'),
        (COMMAND, "automatic = 2"),
        (DURATION_LINE, "duration = 15"),
    ):
        text = text.replace(old, new, 1)
    assert [fault.place for fault in faults(text)] == [
        "watch.duration",
        "signals[0].rules[0].above",
        "signals[1]",
        "signals[1].rules[0].for",
        "signals[2].probe",
        "rollback.automatic",
        "rollback.command",
    ]


@pytest.mark.parametrize(
    ("old", "new", "places"),
    [
        ("[[signals]]", "[signals]", ["signals"]),
        (
            SOUND[SOUND.index("[[signals]]") : SOUND.index("[indicators.sat")],
            "",
            ["indicators.error-rate", "indicators.latency", "indicators.dependency"],
        ),
    ],
)
def test_a_table_in_the_wrong_place_is_told_once(old: str, new: str, places: list[str]) -> None:
    text = SOUND.replace(old, new)
    if new == "[signals]":
        text = 'signals = "none"\n' + SOUND.replace(
            SOUND[SOUND.index("[[signals]]") : SOUND.index("[indicators.sat")], ""
        )
    told = [fault.place for fault in faults(text)]
    assert [place for place in told if place in places] == places


@pytest.mark.parametrize(
    "lines",
    [
        (URL, 'url = "http://ana:s3cret@metrics:9090"'),
        (URL, 'url = "ana:s3cret@metrics:9090"'),
        (URL, 'url = "ftp://ana:s3cret@metrics:port"'),
        (PROBE, 'probe = "http://ana:s3cret@db:port"'),
        _after(URL, 'bearer_token_env = "s3cret-token"'),
        _after(URL, 'basic_auth_env = "ana:s3cret"'),
        _after(URL, 'headers = { Authorization = "Bearer s3cret" }'),
        _after(URL, 'headers = { Cookie = "s3cret" }'),
        _after(URL, 'headers = { X-Key = "s3cret\\n" }'),
        _after(URL, 'bearer_token = "s3cret"'),
        _after(COMMAND, 'pass_env = ["s3cret-token"]'),
    ],
)
def test_a_secret_in_the_file_is_refused_and_never_shown(lines: tuple[str, str]) -> None:
    with pytest.raises(config.ConfigError) as caught:
        config.loads(SOUND.replace(*lines, 1))
    assert len(caught.value.faults) == 1
    assert "s3cret" not in str(caught.value) + repr(caught.value)


def test_control_characters_of_the_file_never_reach_the_terminal() -> None:
    text = SOUND.replace(SERVICE, 'name = "\\u001b]52;c;x\\u0007"\n"\\u001b[2J" = 1\n', 1).replace(
        ABOVE, 'above = "\\u009b2J%"', 1
    )
    with pytest.raises(config.ConfigError) as caught:
        config.loads(text)
    assert len(caught.value.faults) == 3
    assert all(char.isprintable() for fault in caught.value.faults for char in fault.sentence())


def test_the_findings_carry_the_nearest_key() -> None:
    (fault,) = faults(SOUND.replace(SERVICE, f"{SERVICE}\nenviroment = 'x'", 1))
    assert fault == config.Fault("service.enviroment", "an unknown key", "a known one", "environment")
