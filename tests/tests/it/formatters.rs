//! The suite that every formatter passes, on those that come with the program, and on one that does not.

use std::collections::BTreeSet;
use std::time::Duration;

use campanile::app::builtin;
use campanile::check::formatter::{Report, check};
use campanile::sandbox::{Limits, Sandbox, Why};
use campanile_tests::{Receiver, World};
use serde_json::{Value, json};

/// Built by this crate's build script.
const FAULTY: &[u8] = include_bytes!(env!("HOSTILE_FORMATTER"));

fn checked(wasm: &[u8]) -> Report {
    // What is not about time has time: host functions are not optimised here.
    let limits = Limits {
        cpu: Duration::from_secs(5),
        wall: Duration::from_secs(60),
        ..Limits::default()
    };
    let sandbox = Sandbox::start(limits, Why::Test).expect("a sandbox");
    check(&sandbox, wasm)
}

/// Where and how it failed, without the cases.
fn places(report: &Report) -> BTreeSet<(&str, &str, &str, &str)> {
    let place = report.failures.iter().map(|failure| {
        (
            failure.definition.as_str(),
            failure.rule.as_str(),
            failure.language.as_deref().unwrap_or("-"),
            failure.field.as_deref().unwrap_or("-"),
        )
    });
    place.collect()
}

#[test]
fn every_formatter_that_comes_with_the_program_passes() {
    for (name, definitions) in [("flows", 2), ("network", 10)] {
        let report = checked(builtin(name).expect("it"));
        let lines: Vec<String> = report.failures.iter().map(ToString::to_string).collect();
        assert!(lines.is_empty(), "{name}:\n{}", lines.join("\n"));
        assert_eq!(report.languages, ["de", "en", "it"]);
        assert!(report.cases > 20 * definitions, "{}", report.cases);
    }
}

#[test]
fn a_faulty_formatter_fails_with_definition_language_and_field() {
    let report = checked(FAULTY);
    let expected = BTreeSet::from([
        ("needs_a_field", "fails", "-", "-"),
        ("needs_a_field", "fails", "-", "name"),
        ("fears_text", "refuses", "-", "-"),
        ("fears_text", "refuses", "-", "port"),
        ("silent", "empty", "en", "-"),
        ("silent", "empty", "it", "-"),
        ("leaves_holes", "holes", "en", "-"),
        ("leaves_holes", "holes", "it", "-"),
        ("forgets_a_field", "holes", "en", "-"),
        ("forgets_a_field", "holes", "it", "-"),
        ("lost_keys", "keys", "-", "-"),
        ("lost_keys", "keys", "en", "-"),
        ("lost_keys", "keys", "it", "-"),
        ("links_nowhere", "links", "en", "-"),
        ("links_nowhere", "links", "it", "-"),
        ("fickle", "repeatable", "-", "-"),
    ]);
    assert_eq!(places(&report), expected, "{:#?}", report.failures);
    let line = |definition: &str, field: &str| {
        let found = report.failures.iter().find(|failure| {
            failure.definition == definition && failure.field.as_deref().unwrap_or("-") == field
        });
        found.expect("that failure").to_string()
    };
    let missing = line("needs_a_field", "name");
    assert!(
        missing.starts_with("fails: definition needs_a_field, field name, missing: trap: "),
        "{missing}"
    );
    assert!(missing.contains("a name"), "{missing}");
    assert!(
        line("fears_text", "port").starts_with(
            "refuses: definition fears_text, field port, hostile text: \
             it has no description: no words for this text"
        ),
        "{}",
        line("fears_text", "port")
    );
    assert_eq!(
        line("forgets_a_field", "-"),
        "holes: definition forgets_a_field, language en: `faulty.two` has the hole %{two}, \
         which is none of its fields"
    );
}

#[test]
fn what_is_no_formatter_is_told_so() {
    for (wasm, what) in [
        (
            builtin("telegram").expect("it"),
            "it is an endpoint, not a formatter",
        ),
        (b"no wasm".as_slice(), "not a WebAssembly component"),
    ] {
        let report = checked(wasm);
        assert_eq!(report.failures.len(), 1, "{report:?}");
        assert_eq!(report.failures[0].rule.as_str(), "installs");
        assert!(report.failures[0].what.contains(what), "{report:?}");
    }
}

/// An alert as ntopng 5 and later send it, its parameters in a string of JSON.
fn ntopng(id: u32, entity: Value, params: &Value) -> Value {
    let mut alert = json!({"alert_id": id, "tstamp": 1_767_322_800, "first_seen": 1_767_232_800,
        "action": "store", "ifid": 1, "score": 100, "json": params.to_string()});
    if let (Some(alert), Value::Object(entity)) = (alert.as_object_mut(), entity) {
        alert.extend(entity);
    }
    alert
}

#[tokio::test]
async fn alerts_of_ntopng_are_told_in_german_with_their_fields_typed() {
    let flow = json!({"is_flow_alert": true, "entity_id": 4, "entity_val": "flow",
        "cli_ip": "10.0.0.1", "cli_port": 4000, "srv_ip": "10.0.0.2", "srv_port": 443});
    let host = json!({"entity_id": 1, "entity_val": "10.0.0.1@0", "ip": "10.0.0.1",
        "is_attacker": true});
    let other = |id: u32, value: &str| json!({"entity_id": id, "entity_val": value});
    let rows = [
        (
            ntopng(
                8,
                flow.clone(),
                &json!({"l2r_bytes": 1_250_000_000, "l2r_threshold": 1_000_000_000,
                    "r2l_bytes": 512, "r2l_threshold": 1_000_000_000}),
            ),
            "Elefanten-Flow",
            "Flow 10.0.0.1:4000 -> 10.0.0.2:443 hat 1,3 GB gesendet und 512 B empfangen \
             [erwartet werden höchstens 1 GB und 1 GB]",
        ),
        (
            ntopng(11, flow.clone(), &json!({"longlived.threshold": 43200})),
            "Langlebiger Flow",
            "Flow 10.0.0.1:4000 -> 10.0.0.2:443 dauert seit 1 T 1 h an \
             [erwartet werden höchstens 12 h]",
        ),
        (
            ntopng(
                22,
                flow.clone(),
                &json!({"tls_crt.notBefore": 1_704_067_200, "tls_crt.notAfter": 1_735_689_600}),
            ),
            "TLS-Zertifikat abgelaufen",
            "Flow 10.0.0.1:4000 -> 10.0.0.2:443 verwendet ein Zertifikat, das von \
             01.01.2024 01:00:00 CET bis 01.01.2025 01:00:00 CET gültig ist",
        ),
        (
            ntopng(14, flow, &json!({})),
            "Interna",
            "Flow 10.0.0.1:4000 -> 10.0.0.2:443: Interna",
        ),
        (
            ntopng(6, host.clone(), &json!({"value": 1081, "threshold": 256})),
            "TCP-SYN-Flut",
            "Host 10.0.0.1 überflutet das Netzwerk mit SYN-Paketen [1.081 > 256 gesendete SYN]",
        ),
        (
            ntopng(18, host, &json!({"value": 1, "threshold": 0})),
            "ICMP Flood",
            "Host 10.0.0.1 überflutet das Netzwerk mit ICMP [1 > 0 gesendetes ICMP-Paket]",
        ),
        (
            ntopng(
                4112,
                other(5, "AA:BB:CC:DD:EE:02"),
                &json!({"ip": "10.0.0.7", "old_mac": "AA:BB:CC:DD:EE:01",
                    "new_mac": "AA:BB:CC:DD:EE:02"}),
            ),
            "Geänderte Zuordnung von IP und MAC",
            "Die IP-Adresse 10.0.0.7 ist von der MAC-Adresse AA:BB:CC:DD:EE:01 zu \
             AA:BB:CC:DD:EE:02 gewechselt",
        ),
        (
            ntopng(
                4112,
                other(5, "AA:BB:CC:DD:EE:03"),
                &json!({"ip": "10.0.0.7"}),
            ),
            "Geänderte Zuordnung von IP und MAC",
            "Gerät AA:BB:CC:DD:EE:03: Geänderte Zuordnung von IP und MAC",
        ),
        (
            ntopng(
                4110,
                other(9, "System"),
                &json!({"name": "Feodo", "err": "404"}),
            ),
            "Herunterladen einer Liste fehlgeschlagen",
            "Die Liste Feodo konnte nicht heruntergeladen werden: 404",
        ),
        (
            ntopng(4099, other(0, "1"), &json!({"num_dropped": 1})),
            "Verlorene Alarme",
            "Ein Alarm ging verloren",
        ),
        (
            ntopng(4099, other(0, "2"), &json!({"num_dropped": 1200})),
            "Verlorene Alarme",
            "1.200 Alarme gingen verloren",
        ),
    ];
    let receiver = Receiver::ok().await;
    let world = World::builder()
        .desired(json!({
            "endpoints": [{"name": "hook", "component": "webhook",
                "params": {"url": receiver.url("/hook"), "alerts_per_request": "1"}}],
            "recipients": [{"name": "hook", "endpoint": "hook", "language": "de",
                "time_zone": "Europe/Berlin"}],
            "networks": [{"allow": [receiver.opening()]}],
        }))
        .start()
        .await;
    for (alert, title, message) in rows {
        let body = json!({"version": "0.2", "alerts": [alert]}).to_string();
        let token = Some(world.contact.ingest_token.as_str());
        let posted = world.post_raw("/ingest/ntopng", token, body).await;
        assert_eq!(posted.status, 202, "{:?}", posted.body);
        world.wait_until_empty().await;
        let requests = receiver.received();
        let told = &requests.last().expect("a request").json()["alerts"][0];
        assert_eq!(told["title"], title, "{told}");
        assert_eq!(told["message"], message, "{told}");
    }
}
