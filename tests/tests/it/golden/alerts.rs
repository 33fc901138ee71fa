//! The alerts, and what people read of them, in English and Italian.

use serde_json::{Value, json};

/// Quotes, markup, entities, backquotes, holes, an escape sequence, a tab, an emoji of several characters,
/// and an override that is not closed.
pub(super) const TEXT: &str = "\"'<a href=\"javascript:alert(1)\">&lt;</b></a> `x` %{x} %{token} \u{1b}[31m\u{7f}\
     \t\u{1F469}\u{200D}\u{1F469}\u{200D}\u{1F467} \u{5D0}\u{202E}abc";

/// The same as a reader sees it: control characters are gone, and the override ends with the text.
pub(super) const TEXT_SEEN: &str = "\"'<a href=\"javascript:alert(1)\">&lt;</b></a> `x` %{x} %{token} [31m\
     \t\u{1F469}\u{200D}\u{1F469}\u{200D}\u{1F467} \u{5D0}\u{202E}abc\u{202C}";

/// A name may have everything but control characters.
pub(super) const NAME: &str = "</b>&amp;\"'`%{entity_value}\u{2066}\u{202E}x";
pub(super) const NAME_SEEN: &str = "</b>&amp;\"'`%{entity_value}\u{2066}\u{202E}x\u{202C}\u{2069}";

/// An address that is not escaped.
pub(super) const URL: &str = "https://ntopng.example/lua?a=1&b=\"<>'&amp;%{x}";

/// News of one thing, in order.
pub(super) struct Case {
    /// Of its files.
    pub(super) name: &'static str,
    /// Where it is posted.
    pub(super) path: &'static str,
    /// One body each.
    pub(super) news: Vec<Value>,
    /// What people read in Telegram, in the order of `setup::LANGUAGES`.
    pub(super) texts: [Vec<String>; 2],
    /// Where the links of each text lead.
    pub(super) links: Vec<String>,
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![blacklisted_flow()];
    cases.extend([flood(true), flood(false)]);
    cases.extend([no_definition(), nothing_said(), hostile()]);
    cases
}

const NATIVE: &str = "/api/v1/alerts";
const NTOPNG: &str = "/ingest/ntopng";

fn owned<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).to_vec()
}

fn blacklisted_flow() -> Case {
    let flow = json!({"ifid": 1, "action": "store", "is_flow_alert": true, "tstamp": 1_720_517_074,
        "score": 100, "alert_id": 1, "alert_category": 1, "entity_id": 4, "entity_val": "flow",
        "proto": 6, "vlan_id": 0, "cli_ip": "192.168.1.10", "cli_port": 54321, "cli_name": "laptop",
        "srv_ip": "203.0.113.9", "srv_port": 443, "srv_blacklisted": true, "l7_master_proto": 9_007_199_254_740_993_u64,
        "json": "{\"alert_generation\":{\"script_key\":\"blacklisted\"}}"});
    Case {
        name: "blacklisted_flow",
        path: NTOPNG,
        news: vec![json!({"version": "0.2", "alerts": [flow]})],
        texts: [
            owned([
                "\u{1F534} Blacklisted Flow\nFlow 192.168.1.10:54321 -> 203.0.113.9:443 [laptop -> 203.0.113.9]: Blacklisted Flow\n\nflow 192.168.1.10:54321 -> 203.0.113.9:443 [laptop -> 203.0.113.9] \u{B7} 1\nError \u{B7} 2024-07-09 10:24:34 BST",
            ]),
            owned([
                "\u{1F534} Flusso in lista nera\nFlusso 192.168.1.10:54321 -> 203.0.113.9:443 [laptop -> 203.0.113.9]: Flusso in lista nera\n\nflusso 192.168.1.10:54321 -> 203.0.113.9:443 [laptop -> 203.0.113.9] \u{B7} 1\nErrore \u{B7} 09/07/2024 11:24:34 CEST",
            ]),
        ],
        links: Vec::new(),
    }
}

fn flood(attacker: bool) -> Case {
    let host = |action: &str, value: u32| {
        let parameters = json!({"alert_generation": {"script_key": "flow_flood", "subdir": "host"},
            "is_attacker": attacker, "value": value, "threshold": 256});
        let alert = json!({"ifid": 1, "action": action, "alert_id": 4, "alert_category": 1, "score": 100,
            "subtype": "", "ip": "192.168.1.19", "name": "printer", "vlan_id": 0, "entity_id": 1,
            "entity_val": "192.168.1.19@0", "tstamp": 1_720_517_000, "tstamp_end": 1_720_517_300,
            "is_attacker": attacker, "is_victim": !attacker, "granularity": 60,
            "json": parameters.to_string()});
        json!({"version": "0.2", "alerts": [alert]})
    };
    let (name, texts) = if attacker {
        (
            "flood_attacker",
            [
                owned([
                    "\u{1F534} Flows Flood\nHost 192.168.1.19 [printer] is a flow flooder [1,081 > 256 flows sent]\n\nhost 192.168.1.19 [printer] \u{B7} 1\nError \u{B7} Engaged \u{B7} 2024-07-09 10:23:20 BST",
                    "\u{2705} Flows Flood\nHost 192.168.1.19 [printer] is a flow flooder [12 > 256 flows sent]\n\nhost 192.168.1.19 [printer] \u{B7} 1\nError \u{B7} Released \u{B7} 2024-07-09 10:23:20 BST",
                ]),
                owned([
                    "\u{1F534} Inondazione di flussi\nHost 192.168.1.19 [printer] sta inondando la rete di flussi [1.081 > 256 flussi inviati]\n\nhost 192.168.1.19 [printer] \u{B7} 1\nErrore \u{B7} Attivato \u{B7} 09/07/2024 11:23:20 CEST",
                    "\u{2705} Inondazione di flussi\nHost 192.168.1.19 [printer] sta inondando la rete di flussi [12 > 256 flussi inviati]\n\nhost 192.168.1.19 [printer] \u{B7} 1\nErrore \u{B7} Rientrato \u{B7} 09/07/2024 11:23:20 CEST",
                ]),
            ],
        )
    } else {
        (
            "flood_victim",
            [
                owned([
                    "\u{1F534} Flows Flood\nHost 192.168.1.19 [printer] is under flow flood attack [1,081 > 256 flows received]\n\nhost 192.168.1.19 [printer] \u{B7} 1\nError \u{B7} Engaged \u{B7} 2024-07-09 10:23:20 BST",
                    "\u{2705} Flows Flood\nHost 192.168.1.19 [printer] is under flow flood attack [12 > 256 flows received]\n\nhost 192.168.1.19 [printer] \u{B7} 1\nError \u{B7} Released \u{B7} 2024-07-09 10:23:20 BST",
                ]),
                owned([
                    "\u{1F534} Inondazione di flussi\nHost 192.168.1.19 [printer] subisce un'inondazione di flussi [1.081 > 256 flussi ricevuti]\n\nhost 192.168.1.19 [printer] \u{B7} 1\nErrore \u{B7} Attivato \u{B7} 09/07/2024 11:23:20 CEST",
                    "\u{2705} Inondazione di flussi\nHost 192.168.1.19 [printer] subisce un'inondazione di flussi [12 > 256 flussi ricevuti]\n\nhost 192.168.1.19 [printer] \u{B7} 1\nErrore \u{B7} Rientrato \u{B7} 09/07/2024 11:23:20 CEST",
                ]),
            ],
        )
    };
    Case {
        name,
        path: NTOPNG,
        news: vec![host("engage", 1081), host("release", 12)],
        texts,
        links: Vec::new(),
    }
}

/// The producer's own title and message; nothing defines its kind.
fn no_definition() -> Case {
    let disk = |action: &str, severity: &str, message: &str| {
        json!({"kind": "disk_full", "action": action, "severity": severity, "title": "Disk full",
            "message": message, "entity": {"kind": "service", "value": "db1"}, "source": "zabbix",
            "starts_at": "2026-01-02T03:00:00Z", "url": "https://zabbix.example/problem?id=7&tab=1",
            "labels": {"site": "Pisa"}})
    };
    Case {
        name: "no_definition",
        path: NATIVE,
        news: vec![
            disk("engaged", "critical", "97 % of /var"),
            disk("released", "critical", "41 % of /var"),
        ],
        texts: [
            owned([
                "\u{1F6A8} Disk full\n97 % of /var\n\nservice db1 \u{B7} zabbix\nCritical \u{B7} Engaged \u{B7} 2026-01-02 03:00:00 GMT\nShow details",
                "\u{2705} Disk full\n41 % of /var\n\nservice db1 \u{B7} zabbix\nCritical \u{B7} Released \u{B7} 2026-01-02 03:00:00 GMT\nShow details",
            ]),
            owned([
                "\u{1F6A8} Disk full\n97 % of /var\n\nservizio db1 \u{B7} zabbix\nCritico \u{B7} Attivato \u{B7} 02/01/2026 04:00:00 CET\nMostra i dettagli",
                "\u{2705} Disk full\n41 % of /var\n\nservizio db1 \u{B7} zabbix\nCritico \u{B7} Rientrato \u{B7} 02/01/2026 04:00:00 CET\nMostra i dettagli",
            ]),
        ],
        links: owned(["https://zabbix.example/problem?id=7&tab=1"]),
    }
}

/// Neither title nor message: the host has words of its own.
fn nothing_said() -> Case {
    Case {
        name: "nothing_said",
        path: NATIVE,
        news: vec![
            json!({"kind": "link_down", "severity": "info", "starts_at": "2026-01-02T03:00:00Z",
            "entity": {"kind": "interface", "value": "eth0"}}),
        ],
        texts: [
            owned([
                "\u{2139}\u{FE0F} Alert: link_down\nInterface eth0: Alert: link_down\n\ninterface eth0\nInfo \u{B7} 2026-01-02 03:00:00 GMT",
            ]),
            owned([
                "\u{2139}\u{FE0F} Allarme: link_down\nInterfaccia eth0: Allarme: link_down\n\ninterfaccia eth0\nInformazione \u{B7} 02/01/2026 04:00:00 CET",
            ]),
        ],
        links: Vec::new(),
    }
}

fn hostile() -> Case {
    let alert = json!({"kind": "hostile", "severity": "error", "action": "engaged", "title": TEXT,
        "message": TEXT, "entity": {"kind": "host", "value": "10.0.0.1", "name": NAME}, "source": NAME,
        "category": NAME, "url": URL, "starts_at": "2026-01-02T03:00:00Z", "labels": {NAME: NAME},
        "details": {"a.b": "</script>", "\u{202E}": "\u{1}\u{1F514}", "nested": "{\"x\":[1,\"\\n\"]}"}});
    let mut released = alert.clone();
    released["action"] = json!("released");
    let texts = |error: &str, action: [&str; 2], time: &str, open: &str| {
        let text = |emoji: &str, action: &str| {
            format!(
                "{emoji} {TEXT_SEEN}\n{TEXT_SEEN}\n\nhost 10.0.0.1 [{NAME_SEEN}] \u{B7} {NAME_SEEN}\n\
                 {error} \u{B7} {action} \u{B7} {time}\n{open}"
            )
        };
        vec![text("\u{1F534}", action[0]), text("\u{2705}", action[1])]
    };
    Case {
        name: "hostile",
        path: NATIVE,
        news: vec![alert, released],
        texts: [
            texts(
                "Error",
                ["Engaged", "Released"],
                "2026-01-02 03:00:00 GMT",
                "Show details",
            ),
            texts(
                "Errore",
                ["Attivato", "Rientrato"],
                "02/01/2026 04:00:00 CET",
                "Mostra i dettagli",
            ),
        ],
        links: owned([URL]),
    }
}
