"""What programs send that speak to Slack's incoming webhooks becomes text that people can read."""

from __future__ import annotations

from typing import Any

import pytest

from chat.protocols.web.slack import cut, text_of

ALERTMANAGER: dict[str, Any] = {
    "channel": "#alerts",
    "username": "Alertmanager",
    "attachments": [
        {
            "title": "[FIRING:1] InstanceDown (web-1:9100 node critical)",
            "title_link": "http://prom.example:9093/#/alerts?receiver=chat",
            "text": "",
            "fallback": "[FIRING:1] InstanceDown | http://prom.example:9093/#/alerts?receiver=chat",
            "callback_id": "",
            "fields": [{"title": "Severity", "value": "critical", "short": True}],
            "footer": "",
            "color": "danger",
            "mrkdwn_in": ["fallback", "pretext", "text"],
        }
    ],
}
"""As the Slack receiver of Alertmanager writes it."""

GRAFANA: dict[str, Any] = {
    "channel": "#alerts",
    "username": "Grafana",
    "attachments": [
        {
            "title": "[FIRING:1] High load (node)",
            "title_link": "https://grafana.example/alerting/list",
            "text": "**Firing**\n\nValue: A=7\nLabels:\n - alertname = High load\n"
            "Source: https://grafana.example/alerting/grafana/x/view?orgId=1&amp;a=b\n",
            "fallback": "[FIRING:1] High load (node)",
            "footer": "Grafana v12.0.0",
            "footer_icon": "https://grafana.com/static/assets/img/fav32.png",
            "color": "#D63232",
            "ts": 1795252502,
            "pretext": "<!channel|channel> <@U024BE7LH>",
            "mrkdwn_in": ["pretext"],
        }
    ],
}
"""As the Slack contact point of Grafana writes it."""

GITHUB_ACTION: dict[str, Any] = {
    "text": "GitHub Action build result: success",
    "blocks": [
        {"type": "header", "text": {"type": "plain_text", "text": "Build <ok>"}},
        {
            "type": "section",
            "text": {
                "type": "mrkdwn",
                "text": "*chat*: success\n<https://github.com/o/r/pull/7|Mend R&amp;D &lt;it&gt;>",
            },
            "fields": [{"type": "mrkdwn", "text": "*Ref:* main"}],
        },
        {"type": "divider"},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "by <mailto:ada@example.org|ada@example.org>"}]},
    ],
}
"""As GitHub's slack-github-action sends what a workflow gives it."""


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (
            ALERTMANAGER,
            "[FIRING:1] InstanceDown (web-1:9100 node critical) (http://prom.example:9093/#/alerts?receiver=chat)\n"
            "Severity: critical",
        ),
        (
            GRAFANA,
            "@channel @U024BE7LH\n[FIRING:1] High load (node) (https://grafana.example/alerting/list)\n"
            "**Firing**\n\nValue: A=7\nLabels:\n - alertname = High load\n"
            "Source: https://grafana.example/alerting/grafana/x/view?orgId=1&a=b\n",
        ),
        (
            GITHUB_ACTION,
            "Build <ok>\n*chat*: success\nMend R&D <it> (https://github.com/o/r/pull/7)\n*Ref:* main\n"
            "by ada@example.org",
        ),
    ],
)
def test_what_known_programs_send(payload: dict[str, Any], text: str) -> None:
    assert text_of(payload) == text


@pytest.mark.parametrize(
    ("marked", "text"),
    [
        ("<https://example.org/a?b=1&amp;c=2>", "https://example.org/a?b=1&c=2"),
        ("<https://example.org|the page>", "the page (https://example.org)"),
        ("<https://example.org|https://example.org>", "https://example.org"),
        ("<!here> <!subteam^S1|@ops> <!subteam^S1>", "@here @ops @subteam"),
        ("<!date^1392734382^{date}|Feb 18, 2014>", "Feb 18, 2014"),
        ("<@U1|ada> <#C1|dev> <#C1>", "@ada #dev #C1"),
        ("1 &lt; 2 &amp;&amp; 3 &gt; 2, &amp;lt; stays", "1 < 2 && 3 > 2, &lt; stays"),
        ("a <b and c> d <i>x</i> <", "a <b and c> d <i>x</i> <"),
        ("if a < b:\n    c > d", "if a < b:\n    c > d"),
    ],
)
def test_markup_is_shown_sensibly(marked: str, text: str) -> None:
    assert text_of({"text": marked}) == text


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"text": None},
        {"text": 7, "blocks": "x", "attachments": {"text": "x"}},
        {"attachments": [None, 7, {"text": ["x"], "fields": [None, {"title": 3}], "fallback": None}]},
        {"blocks": [{"type": "section", "text": "x"}, {"elements": [[1]], "fields": {}}]},
    ],
)
def test_what_says_nothing_is_nothing(payload: dict[str, Any]) -> None:
    assert text_of(payload) == ""


def test_the_fallback_is_shown_where_there_is_nothing_else() -> None:
    assert text_of({"attachments": [{"fallback": "only this", "color": "good"}]}) == "only this"


def test_what_is_too_long_is_cut() -> None:
    assert cut("one\ntwo\nthree", 99, 3) == "one\ntwo\nthree"
    assert cut("one\ntwo\nthree\nfour", 99, 3) == "one\ntwo\n..."
    assert cut("äöü" * 10, 10, 3) == "äöü..."
    assert len(cut("ä" * 10_000, 4_096, 100).encode()) <= 4_096


def test_buttons_that_lead_somewhere_are_links() -> None:
    label = {"type": "plain_text", "text": "View build"}
    button = {"type": "button", "text": label, "url": "https://ci.example/7"}
    blocks = [
        {"type": "section", "text": {"type": "mrkdwn", "text": "Build 7"}, "accessory": button},
        {"type": "actions", "elements": [button, {"type": "button", "text": label, "value": "retry"}, {"url": 7}]},
    ]
    actions = [{"type": "button", "text": "Silence", "url": "https://alerts.example/silence"}, {"text": "Wait"}]
    assert text_of({"blocks": blocks, "attachments": [{"title": "Down", "actions": actions}]}).split("\n") == [
        "Build 7",
        "View build (https://ci.example/7)",
        "View build (https://ci.example/7)",
        "Down",
        "Silence (https://alerts.example/silence)",
    ]
