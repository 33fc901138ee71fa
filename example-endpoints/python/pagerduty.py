"""Alerts as events of PagerDuty: https://developer.pagerduty.com/docs/events-api-v2/trigger-events/"""

import json
from datetime import datetime, timezone

from description import DESCRIPTION
from wit_world import exports
from wit_world.imports import delivery, notifications, text
from wit_world.imports.alert import Action_Acknowledged, Action_Released, Severity

PLAIN = text.Markup_Plain()
SEVERITIES = {Severity.WARNING: "warning", Severity.ERROR: "error"}
SUMMARY, DETAILS = 1024, 100_000  # characters; an event has at most 512 KB


def event(recipient, action, key, payload=None, url=None):
    params = {param.name: param.value for param in recipient.params}
    body = {"event_action": action, "dedup_key": key, "client": "Campanile"}
    if payload:
        component = {"component": params["component"]} if "component" in params else {}
        body |= {"payload": payload | component, "links": [{"href": url, "text": url}] if url else []}
    start = delivery.Part_Text('{"routing_key":"')
    hole = delivery.Part_Secret(("key", delivery.Encoding_JsonString()))
    rest = delivery.Part_Text('",' + json.dumps(body, ensure_ascii=False)[1:])
    address = delivery.Part_Text(params["api"].rstrip("/") + "/v2/enqueue")
    headers = [("Content-Type", [delivery.Part_Text("application/json")])]
    return delivery.Message_Http(delivery.HttpRequest(
        "POST", [address], [], headers, [], delivery.Body_Text([start, hole, rest]), []))


def of(recipient, alert):
    match alert.action():
        case Action_Released():
            return event(recipient, "resolve", alert.fingerprint())
        case Action_Acknowledged():
            return event(recipient, "acknowledge", alert.fingerprint())
    severity = alert.severity()
    payload = {
        "summary": f"{alert.title(PLAIN)}: {alert.entity_label(PLAIN)}"[:SUMMARY],
        "source": alert.source() or alert.entity().value or recipient.name,
        "severity": SEVERITIES.get(severity, "critical" if severity.value > 4 else "info"),
        "timestamp": datetime.fromtimestamp(alert.starts_at() / 1000, timezone.utc).isoformat(),
        "class": alert.kind(),
        "custom_details": {"message": alert.message(PLAIN)[:DETAILS], **dict(alert.labels())},
    }
    return event(recipient, "trigger", alert.fingerprint(), payload, alert.url())


class Endpoint(exports.Endpoint):
    def describe(self):
        return DESCRIPTION

    def lint(self, params, complete):
        return []

    def format_recipient_params(self, recipient):
        component = [param.value for param in recipient.params if param.name == "component"]
        return " / ".join(["PagerDuty", *component])

    def dequeue_recipient_alerts(self, recipient, budget):
        alerts = notifications.dequeue(budget)
        return delivery.Batch(
            [delivery.Delivery([alert.position()], [of(recipient, alert)], "") for alert in alerts], [])

    def run_test(self, recipient):
        words = text.translate("pagerduty.test", [("recipient", text.Value_Text(recipient.name))], PLAIN)
        payload = {"summary": words, "source": recipient.name, "severity": "info"}
        return [event(recipient, "trigger", "campanile-test", payload), event(recipient, "resolve", "campanile-test")]

    def read_response(self, recipient, tag, alerts, response):
        read = json.loads(response.body or "{}")  # empty where a secret showed in it
        words = "; ".join(str(read[pointer]) for pointer in ("/message", "/errors") if pointer in read)
        return delivery.Verdict(delivery.Outcome_Agree(), words[:250], [], [], None, None, None, [], [])
