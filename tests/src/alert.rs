//! What tests post.

use serde_json::{Value, json};

/// A native alert with everything that most tests do not care about; `change` is merged into it.
#[must_use]
pub fn alert(kind: &str, change: &Value) -> Value {
    let mut alert = json!({
        "kind": kind, "severity": "error", "source": "eth0",
        "entity": {"kind": "host", "value": "192.168.1.19@0"},
        "starts_at": "2026-01-02T03:00:00Z",
    });
    if let (Some(alert), Some(change)) = (alert.as_object_mut(), change.as_object()) {
        alert.extend(change.clone());
    }
    alert
}
