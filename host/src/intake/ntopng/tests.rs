use campanile_contract::alert::{Action, Severity};
use proptest::prelude::*;

use super::*;
use crate::alert::Alert;
use crate::intake::{Code, limits};

const ARRIVAL: Arrival<'_> = Arrival {
    scope: "token-1",
    now: 1_720_600_000_000,
};

const FLOW_6: &str = r#"{"ifid":0,"action":"store","first_seen":1720517073,"score":10,"acknowledged":true,
 "is_flow_alert":true,"tstamp":1720517074,"alert_id":88,"alert_category":3,"is_cli_attacker":false,
 "is_cli_victim":false,"is_srv_attacker":false,"is_srv_victim":false,"entity_id":4,"entity_val":"flow","pool_id":0,
 "vlan_id":0,"observation_point_id":0,"proto":17,"flow_risk_bitmap":18446744073709551615,
 "alerts_map":"010000000000000000000000","proto.ndpi":"DHCPV6","l7_master_proto":0,"l7_proto":103,"l7_cat":14,
 "cli2srv_bytes":163,"cli2srv_packets":1,"srv2cli_bytes":0,"srv2cli_packets":0,"ip_version":6,"cli_ip":"fe80::1",
 "cli_blacklisted":false,"cli_port":546,"cli_location":1,"cli_city_name":"","cli_country_name":"",
 "cli_continent_name":"","cli_name":"","cli_os":"","cli_asn":0,"cli_localhost":true,"cli_host_pool_id":0,
 "cli_network":3,"srv_ip":"ff02::1:2","srv_blacklisted":false,"srv_port":547,"srv_location":2,"srv_name":"",
 "srv_os":"","srv_asn":0,"srv_localhost":false,"srv_host_pool_id":0,"srv_network":65535,"probe_ip":"0.0.0.0",
 "input_snmp":0,"output_snmp":0,"community_id":"1:RlCmyIRUuivyl2C0+cz55BIg+lc=","info":"",
 "json":"{\"ntopng.key\":829517938,\"hash_entry_id\":7705,\"alert_generation\": {\"script_key\":\"ndpi_periodic_flow\",\"subdir\":\"flow\"},\"proto\": {\"confidence\":1},\"traffic_stats\": {},\"alert_score\": {\"88\":10}}"}"#;

const HOST_6: &str = r#"{"ifid":1,"pool_id":0,"action":"engage","alert_id":4,"alert_category":1,"score":100,
 "acknowledged":false,"subtype":"","ip_version":4,"ip":"192.168.1.19","name":"host.lan","vlan_id":0,
 "observation_point_id":0,"entity_id":1,"entity_val":"192.168.1.19@0","tstamp":1720517000,"tstamp_end":0,
 "is_attacker":true,"is_victim":false,"is_client":true,"is_server":false,"host_pool_id":0,"network":1,
 "country_name":"","granularity":60,
 "json":"{\"alert_generation\": {\"script_key\":\"flow_flood\",\"subdir\":\"host\",\"host_info\": {\"name\":\"host.lan\",\"localhost\":true}},\"is_attacker\":true,\"value\":1081,\"threshold\":256}"}"#;

const HOST_40: &str = r#"{"alert_tstamp":1585579981,"alert_entity":1,"alert_entity_val":"140.82.114.26@0",
 "alert_granularity":60,"action":"engage","alert_type":32,"alert_subtype":"packets","ifid":1,
 "alert_json":"{\"threshold\":1,\"alert_generation\":{\"subdir\":\"host\",\"script_key\":\"packets\",\"confset_id\":0},\"operator\":\"gt\",\"value\":12,\"metric\":\"packets\"}",
 "alert_severity":2,"alert_tstamp_end":1585579981}"#;

const MAC_42: &str = r#"{"alert_subtype":"67_D8:9E:F3:00:00:01","ifid":3,"alert_entity":5,
 "alert_json":"{\"spa\":\"10.0.0.1\",\"src_mac\":\"D8:9E:F3:00:00:01\",\"vlan_id\":67,\"tpa\":\"10.0.0.2\"}",
 "alert_granularity":0,"alert_severity":4,"pool_id":0,"action":"store","alert_tstamp_end":1608000000,
 "alert_tstamp":1608000000,"alert_entity_val":"D8:9E:F3:00:00:01","alert_type":2}"#;

const FLOW_42: &str = r#"{"alert_json":"{\"info\":\"evil.example\",\"status_info\":\"{\\\"cli_blacklisted\\\":false,\\\"srv_blacklisted\\\":true,\\\"alert_generation\\\":{\\\"script_key\\\":\\\"blacklisted\\\"}}\"}",
 "ifid":2,"action":"store","first_seen":1608000000,"score":100,"is_flow_alert":true,"alert_tstamp":1608000005,
 "flow_status":1,"alert_type":8,"alert_severity":5,"vlan_id":12,"proto":6,"proto.ndpi":"TLS","l7_master_proto":91,
 "l7_proto":91,"cli_addr":"192.168.1.5","cli_blacklisted":false,"cli_port":51000,"srv_addr":"203.0.113.9",
 "srv_blacklisted":true,"srv_port":443}"#;

fn read(body: &str) -> Parsed {
    parse(body.as_bytes(), ARRIVAL).unwrap().parsed
}

fn one(body: &str) -> Alert {
    let parsed = read(body);
    assert_eq!(parsed.refused, []);
    assert_eq!(parsed.accepted.len(), 1);
    parsed.accepted.into_iter().next().unwrap().1
}

/// The text with one piece of it exchanged.
fn with(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

#[test]
fn a_flow_alert_of_6_2_is_read() {
    let alert = one(FLOW_6);
    assert_eq!(alert.kind, "ndpi_periodic_flow");
    assert_eq!(alert.subtype, None);
    assert_eq!((alert.severity, alert.score), (Severity::Notice, Some(10)));
    assert_eq!((alert.action, alert.ends_at), (Action::Stored, None));
    assert_eq!(alert.entity.kind, "flow");
    assert_eq!(alert.entity.value, "[fe80::1]:546 -> [ff02::1:2]:547");
    assert_eq!(alert.entity.name, None);
    assert_eq!(alert.source, "0");
    assert_eq!(alert.category.as_deref(), Some("network"));
    assert_eq!(alert.starts_at, 1_720_517_074_000);
    assert_eq!(
        alert.detail("/flow_risk_bitmap"),
        Some("18446744073709551615")
    );
    assert_eq!(alert.detail("/proto.ndpi"), Some("\"DHCPV6\""));
    assert_eq!(alert.detail("/cli_ip"), Some("\"fe80::1\""));
    assert_eq!(alert.detail("/json/ntopng.key"), Some("829517938"));
    assert_eq!(alert.detail("/json/alert_score/88"), Some("10"));
    assert!(!alert.document().contains('\n'));
    assert_eq!(
        serde_json::from_str::<Alert>(&alert.document()).unwrap(),
        alert
    );
}

#[test]
fn a_host_alert_of_6_2_is_read_and_its_release_has_its_fingerprint() {
    let engaged = one(HOST_6);
    assert_eq!(
        (engaged.kind.as_str(), engaged.subtype.as_deref()),
        ("flows_flood", Some("flow_flood_attacker"))
    );
    assert_eq!(
        (engaged.severity, engaged.action),
        (Severity::Error, Action::Engaged)
    );
    assert_eq!(
        (engaged.value, engaged.threshold),
        (Some(1081.0), Some(256.0))
    );
    assert_eq!(
        (engaged.entity.kind.as_str(), engaged.entity.value.as_str()),
        ("host", "192.168.1.19@0")
    );
    assert_eq!(engaged.entity.name.as_deref(), Some("host.lan"));
    assert_eq!(engaged.category.as_deref(), Some("security"));
    assert_eq!(engaged.detail("/json/value"), Some("1081"));

    let text = with(HOST_6, "\"engage\"", "\"release\"");
    let text = with(&text, "\"tstamp_end\":0", "\"tstamp_end\":1720517120");
    let released = one(&with(&text, "\"granularity\":60", "\"granularity\":0"));
    assert_eq!(
        (released.action, released.ends_at),
        (Action::Released, Some(1_720_517_120_000))
    );
    assert_eq!(released.fingerprint, engaged.fingerprint);

    let victim = with(
        &with(HOST_6, "\"is_attacker\":true", "\"is_attacker\":false"),
        r#"\"is_attacker\":true"#,
        r#"\"is_victim\":true"#,
    );
    let victim = one(&victim);
    assert_eq!(victim.subtype.as_deref(), Some("flow_flood_victim"));
    assert_ne!(victim.fingerprint, engaged.fingerprint);
    let foreign = parse(
        HOST_6.as_bytes(),
        Arrival {
            scope: "token-2",
            ..ARRIVAL
        },
    )
    .unwrap()
    .parsed;
    assert_ne!(foreign.accepted[0].1.fingerprint, engaged.fingerprint);
}

#[test]
fn a_host_alert_of_4_0_is_read() {
    let alert = one(HOST_40);
    assert_eq!(
        (alert.kind.as_str(), alert.subtype.as_deref()),
        ("packets", Some("packets"))
    );
    assert_eq!(
        (alert.severity, alert.action),
        (Severity::Error, Action::Engaged)
    );
    assert_eq!((alert.value, alert.threshold), (Some(12.0), Some(1.0)));
    assert_eq!(alert.entity.value, "140.82.114.26@0");
    assert_eq!((alert.starts_at, alert.ends_at), (1_585_579_981_000, None));
    assert_eq!(alert.detail("/alert_json/metric"), Some("\"packets\""));

    let flood = with(
        &with(HOST_40, "\"alert_type\":32", "\"alert_type\":11"),
        "\"alert_subtype\":\"packets\"",
        "\"alert_subtype\":\"flow_flood_victim\"",
    );
    let flood = one(&flood);
    assert_eq!(
        (flood.kind.as_str(), flood.subtype.as_deref()),
        ("flows_flood", Some("flow_flood_victim"))
    );
    assert_eq!(flood.category.as_deref(), Some("security"));
    let hourly = one(&with(
        HOST_40,
        "\"alert_granularity\":60",
        "\"alert_granularity\":3600",
    ));
    assert_ne!(hourly.fingerprint, alert.fingerprint);
}

#[test]
fn alerts_of_4_2_are_read() {
    let mac = one(MAC_42);
    assert_eq!(
        (mac.kind.as_str(), mac.entity.kind.as_str()),
        ("broadcast_domain_too_large", "mac")
    );
    assert_eq!(mac.severity, Severity::Warning);
    assert_eq!(mac.detail("/alert_json/vlan_id"), Some("67"));

    let flow = one(FLOW_42);
    assert_eq!(
        (flow.kind.as_str(), flow.category.as_deref()),
        ("blacklisted_flow", Some("security"))
    );
    assert_eq!(flow.entity.value, "192.168.1.5:51000 -> 203.0.113.9:443");
    assert_eq!((flow.severity, flow.score), (Severity::Error, Some(100)));
    assert_eq!(
        flow.detail("/alert_json/status_info/srv_blacklisted"),
        Some("true")
    );
    let unknown = one(&with(FLOW_42, "\"alert_type\":8", "\"alert_type\":9999"));
    assert_eq!(unknown.kind, "blacklisted");
}

#[test]
fn both_forms_of_the_webhook_hold_the_same_alert() {
    let old = format!(r#"{{"version":"0.2","sharedsecret":"s3cret","alerts":[{HOST_6}]}}"#);
    let object = HOST_6
        .replace("\"{\\\"alert_generation", "{\\\"alert_generation")
        .replace("256}\"", "256}")
        .replace("\\\"", "\"");
    let new = format!(
        "{{\n  \"version\": \"0.2\",\n\t\"timestamp\": 1731000000, \"sharedsecret\": \"s3cret\", \"alerts\": [ {} ] }}",
        with(&object, "\"ifid\":1", "\"metadata\":[],\"ifid\":1")
    );
    for body in [&old, &new] {
        let webhook = parse(body.as_bytes(), ARRIVAL).unwrap();
        assert_eq!(
            webhook.shared_secret.as_ref().map(SharedSecret::reveal),
            Some("s3cret")
        );
        assert!(!format!("{webhook:?}").contains("s3cret"));
        assert_eq!(webhook.parsed.refused, []);
        let alert = &webhook.parsed.accepted[0].1;
        assert_eq!(alert.fingerprint, one(HOST_6).fingerprint);
        assert_eq!(
            (alert.value, alert.detail("/json/threshold")),
            (Some(1081.0), Some("256"))
        );
        assert!(!alert.document().contains('\n'));
    }
    let bare = read(&format!("[{HOST_6},{FLOW_42}]"));
    assert_eq!((bare.accepted.len(), bare.refused.len()), (2, 0));
}

#[test]
fn an_empty_test_is_taken_with_nothing() {
    for body in [
        r#"{"version":"0.2","sharedsecret":"","alerts":[ ]}"#,
        r#"{"version":"0.2","alerts":{ }}"#,
        r#"{"sharedsecret":null,"alerts":[]}"#,
        "[]",
    ] {
        let webhook = parse(body.as_bytes(), ARRIVAL).unwrap();
        assert!(webhook.shared_secret.is_none(), "{body}");
        assert_eq!(webhook.parsed, Parsed::default(), "{body}");
    }
}

#[test]
fn bodies_that_are_no_webhook_are_refused_without_their_secret() {
    for (body, code) in [
        ("", "body-not-json"),
        ("17", "body-shape"),
        (r#"{"sharedsecret":"s3cret"}"#, "body-shape"),
        (r#"{"sharedsecret":31337,"alerts":[]}"#, "body-shape"),
        (r#"{"sharedsecret":"s3cret","alerts":"s"}"#, "body-shape"),
        (r#"{"alerts":{"a":1}}"#, "body-shape"),
        (r#"{"alerts":[],"alerts":[]}"#, "body-shape"),
        (r#"{"alerts":[nan]}"#, "body-not-json"),
    ] {
        let error = parse(body.as_bytes(), ARRIVAL).unwrap_err();
        assert_eq!(error.code(), code, "{body}");
        let shown = format!("{error} {error:?}");
        assert!(
            !shown.contains("s3cret") && !shown.contains("31337"),
            "{shown}"
        );
    }
    let open = "[".repeat(100_000);
    assert_eq!(
        parse(open.as_bytes(), ARRIVAL).unwrap_err().code(),
        "body-not-json"
    );
    let many = format!("{{\"alerts\":[{}1]}}", "1,".repeat(limits::ALERTS));
    assert_eq!(
        parse(many.as_bytes(), ARRIVAL).unwrap_err().code(),
        "too-many-alerts"
    );
}

#[test]
fn faults_have_their_paths_and_leave_the_neighbours_alone() {
    for (from, to, path, code) in [
        (
            "\"alert_id\":4",
            "\"alert_id\":[4]",
            ".alert_id",
            Code::WrongType,
        ),
        (
            "\"alert_id\":4",
            "\"alert_id\":1e400",
            ".alert_id",
            Code::OutOfRange,
        ),
        (
            "\"entity_id\":1",
            "\"x\":1",
            ".entity_id",
            Code::MissingField,
        ),
        (
            "\"entity_id\":1",
            "\"entity_id\":\"host\"",
            ".entity_id",
            Code::WrongType,
        ),
        ("\"score\":100", "\"score\":-1", ".score", Code::OutOfRange),
        (
            "\"score\":100",
            "\"score\":9007199254740993",
            ".score",
            Code::OutOfRange,
        ),
        (
            "\"tstamp\":1720517000",
            "\"tstamp\":-5",
            ".tstamp",
            Code::OutOfRange,
        ),
        (
            "\"tstamp\":1720517000",
            "\"tstamp\":1720517000000",
            ".tstamp",
            Code::OutOfRange,
        ),
        (
            "\"tstamp\":1720517000",
            "\"tstamp\":\"now\"",
            ".tstamp",
            Code::WrongType,
        ),
        (
            "\"tstamp_end\":0",
            "\"tstamp_end\":1e18",
            ".tstamp_end",
            Code::OutOfRange,
        ),
        (
            "\"ifid\":1",
            "\"ifid\":1,\"ifid\":2",
            ".ifid",
            Code::DuplicateField,
        ),
    ] {
        let bad = with(HOST_6, from, to);
        let parsed = read(&format!(r#"{{"alerts":[{FLOW_6},{bad},17,{MAC_42}]}}"#));
        assert_eq!(
            (parsed.accepted.len(), parsed.refused.len()),
            (2, 2),
            "{to}"
        );
        assert_eq!(
            (parsed.refused[0].path.as_str(), parsed.refused[0].code),
            (format!("$.alerts[1]{path}").as_str(), code),
            "{to}"
        );
        assert_eq!(
            (parsed.refused[1].path.as_str(), parsed.refused[1].code),
            ("$.alerts[2]", Code::NotAnObject)
        );
    }
    let report =
        read(r#"{"notification_type":"reports","title":"Daily","message":"<b>x</b>","score":0}"#);
    assert_eq!(report.refused[0].path, "$.notification_type");
}

#[test]
fn what_is_odd_but_an_alert_is_taken_by_rule() {
    for (from, to) in [
        ("\"action\":\"engage\"", "\"action\":\"escalate\""),
        ("\"alert_category\":1", "\"alert_category\":99"),
        ("\"name\":\"host.lan\"", "\"name\":\"\""),
        ("\"name\":\"host.lan\"", "\"name\":\"\\ud800\\u0000x\""),
        ("\"name\":\"host.lan\"", "\"name\":{}"),
        ("\"tstamp\":1720517000", "\"tstamp\":1720517000.0"),
        ("\"tstamp\":1720517000", "\"tstamp\":\"1720517000\""),
        ("\"tstamp\":1720517000", "\"tstamp\":0"),
        ("\"ip_version\":4", "\"ip_version\":1e400"),
        (
            "\"vlan_id\":0",
            "\"a.b.c\":{\"d\":{\"e\":9007199254740993}}",
        ),
        (r#"\"value\":1081"#, r#"\"value\":1e400"#),
        (r#"\"value\":1081"#, r#"\"value\":1,\"value\":2"#),
    ] {
        one(&with(HOST_6, from, to));
    }
    let mended = one(&with(HOST_6, "host.lan", "\\ud800\\u0000x"));
    assert_eq!(mended.entity.name.as_deref(), Some("\u{fffd}\u{fffd}x"));
    let bytes = [
        HOST_6.split("host.lan").next().unwrap().as_bytes(),
        b"a\xffb",
        &HOST_6.as_bytes()[HOST_6.find("host.lan").unwrap() + 8..],
    ]
    .concat();
    let parsed = parse(&bytes, ARRIVAL).unwrap().parsed;
    assert_eq!(
        parsed.accepted[0].1.entity.name.as_deref(),
        Some("a\u{fffd}b")
    );
    let nameless = one(&with(HOST_6, "host.lan", "192.168.1.19"));
    assert_eq!(nameless.entity.name, None);
}

#[test]
fn kinds_come_from_the_table_the_script_or_the_number() {
    let plain = with(
        HOST_6,
        r#"\"script_key\":\"flow_flood\""#,
        r#"\"script_key\":\"my check/1\""#,
    );
    for (text, kind) in [
        (plain.clone(), "flows_flood"),
        (
            with(&plain, "\"alert_id\":4", "\"alert_id\":77"),
            "my_check_1",
        ),
        (
            with(
                &with(&plain, "\"alert_id\":4", "\"alert_id\":77"),
                "script_key",
                "key",
            ),
            "ntopng_host_77",
        ),
        (
            with(&plain, "\"alert_id\":4", "\"alert_id\":4137"),
            "too_many_drops",
        ),
        (with(&plain, "\"alert_id\":4", "\"x\":4"), "my_check_1"),
    ] {
        assert_eq!(one(&text).kind, kind);
    }
    let neither = with(
        &with(&plain, "\"alert_id\":4", "\"x\":4"),
        "script_key",
        "key",
    );
    assert_eq!(read(&neither).refused[0].path, "$.alert_id");
}

#[test]
fn flows_are_one_condition_by_ends_server_port_protocol_and_vlan() {
    let base = one(FLOW_42).fingerprint;
    let named = one(&with(
        FLOW_42,
        "\"vlan_id\":12",
        "\"vlan_id\":12,\"cli_name\":\"pc\",\"srv_name\":\"203.0.113.9\"",
    ));
    assert_eq!(named.entity.name.as_deref(), Some("pc -> 203.0.113.9"));
    assert_eq!(named.fingerprint, base);
    for (from, to, same) in [
        ("51000", "51001", true),
        ("\"ifid\":2", "\"ifid\":3", true),
        ("192.168.1.5", "192.168.1.6", false),
        ("203.0.113.9", "203.0.113.10", false),
        ("443", "444", false),
        ("\"proto\":6", "\"proto\":17", false),
        ("\"vlan_id\":12", "\"vlan_id\":13", false),
        ("\"alert_type\":8", "\"alert_type\":39", false),
    ] {
        assert_eq!(
            one(&with(FLOW_42, from, to)).fingerprint == base,
            same,
            "{to}"
        );
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..256)) {
        let _ = parse(&body, ARRIVAL);
    }

    #[test]
    fn any_value_in_any_field_is_accepted_or_refused(
        alert in prop::sample::select(vec![FLOW_6, HOST_6, HOST_40, MAC_42, FLOW_42]),
        field in 0_usize..60,
        value in prop_oneof![
            Just("null".to_owned()), Just("{}".to_owned()), Just("[[]]".to_owned()), Just("1e400".to_owned()),
            Just("\"\\udc00\"".to_owned()), Just("\"\"".to_owned()), Just("\"{\\\"value\\\":\\\"x\\\"}\"".to_owned()),
            any::<i64>().prop_map(|number| number.to_string()), any::<u64>().prop_map(|number| number.to_string()),
            any::<String>().prop_map(|text| serde_json::Value::from(text).to_string()),
        ],
    ) {
        let mut fields = fields::Fields::of(alert).unwrap();
        let count = fields.0.len();
        fields.0[field % count].1 = &value;
        let text: Vec<_> = fields.0.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
        let parsed = read(&format!(r#"{{"alerts":[{{{}}},{alert}]}}"#, text.join(",")));
        prop_assert_eq!(parsed.accepted.len() + parsed.refused.len(), 2);
        for (_, alert) in &parsed.accepted {
            let again = serde_json::from_str::<Alert>(&alert.document()).unwrap();
            prop_assert_eq!(&again, alert);
        }
    }
}
