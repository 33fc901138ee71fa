use campanile_guest::harness::{Alert, Harness};
use campanile_guest::{Message, Severity};

use super::Component;

fn harness() -> Harness<Component> {
    Harness::new().param("server", "syslog+tls://log.example:6514")
}

fn line(harness: Harness<Component>, alert: Alert) -> String {
    let mut harness = harness.alert(alert);
    let batch = harness.dequeue().expect("a batch");
    assert_eq!(batch.deliveries.len(), 1);
    batch.deliveries[0].messages[0].to_string()
}

#[test]
fn an_alert_is_a_line_with_words_for_people_and_data_for_programs() {
    let alert = Alert::new("Flood")
        .message("300 flows a second\nfrom one host")
        .kind("flows_flood")
        .severity(Severity::Warning)
        .engaged()
        .entity("host", "10.0.0.1@0")
        .entity_label("host 10.0.0.1")
        .source("eth0")
        .score(100)
        .url("https://x.example/flood")
        .suppressed(3);
    let line = line(harness().param("hostname", "noc.example"), alert);
    assert_eq!(
        line.lines()
            .filter(|line| !line.contains(" id: "))
            .collect::<Vec<_>>(),
        [
            "SYSLOG syslog+tls://log.example:6514",
            "PRI: 16.4",
            "TIMESTAMP: 2024-10-22T16:00:00.000Z",
            "HOSTNAME: noc.example",
            "APP-NAME: campanile",
            "MSGID: flows_flood",
            "campanile@32473 fingerprint: f1",
            "campanile@32473 action: engaged",
            "campanile@32473 entity_kind: host",
            "campanile@32473 entity: 10.0.0.1@0",
            "campanile@32473 source: eth0",
            "campanile@32473 score: 100",
            "campanile@32473 suppressed: 3",
            "campanile@32473 url: https://x.example/flood",
            "",
            "Flood (host 10.0.0.1): 300 flows a second from one host",
        ]
    );
}

#[test]
fn what_is_over_says_so_and_when() {
    let alert = Alert::new("Flood")
        .entity_label("host 10.0.0.1")
        .released()
        .ends_at(1_729_612_860_000);
    let line = line(harness().language("de"), alert);
    assert!(
        line.contains("\nTIMESTAMP: 2024-10-22T16:01:00.000Z\n"),
        "{line}"
    );
    assert!(line.contains(" action: released\n"), "{line}");
    assert!(
        line.ends_with("\n\nBehoben: Flood (host 10.0.0.1)\n"),
        "{line}"
    );
}

#[test]
fn facility_program_and_name_of_the_data_are_the_users() {
    let harness = harness()
        .param("facility", "4")
        .param("app_name", "noc")
        .param("sd_id", "noc@1");
    let line = line(harness, Alert::new("x").severity(Severity::Emergency));
    for expected in [
        "\nPRI: 4.0\n",
        "\nAPP-NAME: noc\n",
        "\nnoc@1 action: stored\n",
    ] {
        assert!(line.contains(expected), "{expected:?} in {line}");
    }
}

#[test]
fn the_longest_alert_has_room_in_a_datagram() {
    let long = "\"]\\".repeat(2000);
    let alert = Alert::new(&long)
        .message(&long)
        .kind(&long)
        .entity(&long, &long)
        .source(&long)
        .score(u32::MAX)
        .suppressed(u32::MAX)
        .url(&format!("https://x.example/{}", "]".repeat(102)));
    let mut harness = harness()
        .param("server", "syslog+udp://log.example:514")
        .param("hostname", &"h".repeat(255))
        .param("app_name", &"a".repeat(48))
        .param("sd_id", &format!("{}@32473", "s".repeat(26)))
        .alert(alert);
    let batch = harness.dequeue().expect("a batch");
    let Message::Syslog(line) = &batch.deliveries[0].messages[0] else {
        panic!("not a line")
    };
    let escaped = |text: &str| {
        text.replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace(']', "\\]")
    };
    let (id, params) = &line.structured_data[0];
    let params = params
        .iter()
        .map(|(name, value)| format!(" {name}=\"{}\"", escaped(value)));
    let whole = format!(
        "<134>1 2024-10-22T16:00:00.000Z {} {} - {} [{id}{}] \u{feff}{}",
        line.hostname,
        line.app_name,
        line.message_id.as_deref().unwrap_or("-"),
        params.collect::<String>(),
        line.message
    );
    assert!((1900..=2048).contains(&whole.len()), "{}", whole.len());
    assert!(line.message.ends_with('\u{2026}'));
}

#[test]
fn a_test_line_names_its_recipient() {
    let mut harness = harness().language("it");
    let messages = harness.run_test().expect("messages");
    let shown = messages[0].to_string();
    assert!(shown.contains("\nMSGID: test\n"), "{shown}");
    assert!(shown.contains("Prova degli allarmi per "), "{shown}");
    assert_eq!(
        harness.format_recipient_params(),
        "syslog+tls://log.example:6514"
    );
}
