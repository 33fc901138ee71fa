// Alerts as push notifications of ntfy: https://docs.ntfy.sh/publish/#publish-as-json
import notifications from "campanile:alerts/notifications@0.1.0";
import text from "campanile:alerts/text@0.1.0";
import description from "./target/description.js";

const PLAIN = { tag: "plain" };
const PRIORITY = {
  debug: 1, info: 2, notice: 3, warning: 3, error: 4, critical: 5, alert: 5, emergency: 5,
};
// A message over 4096 bytes becomes a file; written as JSON it may take twice as many.
const LONGEST = 3500;

const literal = (value) => ({ tag: "text", val: value });
const secret = (name) => ({ tag: "secret", val: [name, { tag: "raw" }] });
const param = (recipient, name) => recipient.params.find((param) => param.name === name)?.value;

function publish(recipient, fields) {
  const body = JSON.stringify({ topic: param(recipient, "topic"), ...fields });
  const token = [literal("Bearer "), secret("token")];
  return {
    tag: "http",
    val: {
      method: "POST",
      url: [literal(`${param(recipient, "server").replace(/\/+$/, "")}/`)],
      query: [],
      headers: [["Content-Type", [literal("application/json")]]],
      auth: param(recipient, "token") ? [{ name: "authorization", fields: [["value", token]] }] : [],
      body: { tag: "text", val: [literal(body)] },
      extra: [],
    },
  };
}

function messages(recipient, alert) {
  const common = {
    title: text.split(`${alert.severityLabel()}: ${alert.title(PLAIN)}`, PLAIN, 250, "bytes")[0],
    priority: PRIORITY[alert.severity()],
    tags: [alert.action().tag === "released" ? "white_check_mark" : "warning"],
    click: alert.url() ?? undefined,
  };
  const whole = [alert.entityLabel(PLAIN), alert.time(), alert.message(PLAIN)].join("\n");
  return text.split(whole, PLAIN, LONGEST, "bytes").map((message) => publish(recipient, { ...common, message }));
}

export const endpoint = {
  describe: () => description,
  lint: () => [],
  formatRecipientParams: (recipient) => `ntfy: ${param(recipient, "topic")}`,
  dequeueRecipientAlerts(recipient, budget) {
    const alerts = notifications.dequeue(budget);
    const deliveries = alerts.map((alert) => ({ alerts: [alert.position()], messages: messages(recipient, alert), tag: "" }));
    return { deliveries, refused: [] };
  },
  runTest: (recipient) => [
    publish(recipient, { message: text.translate("ntfy.test", [["recipient", { tag: "text", val: recipient.name }]], PLAIN) }),
  ],
  readResponse(recipient, tag, alerts, response) {
    // Empty where a secret showed in it.
    const { "/error": error } = JSON.parse(response.body || "{}");
    const outcome = { tag: response.status === 401 || response.status === 403 ? "endpoint-gone" : "agree" };
    const reason = typeof error === "string" ? error.slice(0, 250) : "";
    return { outcome, reason, exceptions: [], receipts: [], next: null, pauseDestination: null, pauseEndpoint: null,
      changed: [], extra: [] };
  },
};
