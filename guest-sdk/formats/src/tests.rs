use campanile_guest::harness::Alert;
use campanile_guest::json::Json;
use campanile_guest::{Message, Notification, Request, Severity, secret};

use crate::ntopng::Version;
use crate::{alertmanager, cloudevents, ntopng};

/// 2024-10-22T16:30:00.5Z, half an hour after the harness's alerts begin.
const ENDED: u64 = 1_729_614_600_500;

/// The body of a request with this document, its holes in angle brackets.
fn shown(document: impl Into<Json>) -> String {
    let request = Message::from(Request::post("https://x.example/").json(document)).to_string();
    let body = request.split_once("\n\n").expect("a body").1;
    body.trim_end().to_owned()
}

fn given_out(alerts: Vec<Alert>) -> Vec<Notification> {
    alerts.into_iter().map(Alert::given_out).collect()
}

fn ntopngs(version: Version, alerts: Vec<Alert>) -> String {
    shown(ntopng::document(version, None, &given_out(alerts)))
}

#[test]
fn an_alert_from_elsewhere_is_told_in_ntopngs_members() {
    let alert = || {
        Alert::new("Flood \"1\"")
            .message("over\nit")
            .kind("flood")
            .entity("host", "10.0.0.1@7")
            .source("3")
            .engaged()
    };
    let members = r#""ifid":3,"ifname":"3","action":"engage","alert_id":0,"subtype":"","entity_id":1,"entity_val":"10.0.0.1@7","name":"","score":100,"severity":5,"tstamp":1729612800,"tstamp_end":0,"granularity":0,"ip":"10.0.0.1""#;
    let texts = r#""title":"Flood \"1\"","message":"over\nit""#;
    assert_eq!(
        ntopngs(Version::V02, vec![alert()]),
        format!(
            r#"{{"version":"0.2","alerts":[{{{members},"json":"{{\"alert_generation\":{{\"script_key\":\"flood\",\"subdir\":\"host\"}}}}",{texts}}}]}}"#
        )
    );
    assert_eq!(
        ntopngs(Version::Since2024, vec![alert()]),
        format!(
            r#"{{"version":"0.2","timestamp":<fact unix-seconds>,"alerts":[{{{members},"json":{{"alert_generation":{{"script_key":"flood","subdir":"host"}}}},"metadata":[],{texts}}}]}}"#
        )
    );
}

#[test]
fn a_document_without_alerts_is_a_test_and_its_secret_a_hole() {
    for (version, shared_secret, expected) in [
        (Version::V02, None, r#"{"version":"0.2","alerts":[]}"#),
        (
            Version::V02,
            Some(secret("s")),
            r#"{"version":"0.2","sharedsecret":"<secret s json-string>","alerts":[]}"#,
        ),
        (
            Version::Since2024,
            Some(secret("s")),
            r#"{"version":"0.2","timestamp":<fact unix-seconds>,"sharedsecret":"<secret s json-string>","alerts":[]}"#,
        ),
    ] {
        assert_eq!(
            shown(ntopng::document(version, shared_secret, &[])),
            expected
        );
    }
}

#[test]
fn ntopngs_numbers_are_those_of_its_tables() {
    let alert = || Alert::new("x").entity("host", "h");
    for (alert, expected) in [
        (alert().entity("interface", "0"), r#""entity_id":0,"#),
        (alert().entity("flow", "f"), r#""entity_id":4,"#),
        (alert().entity("mitre", "m"), r#""entity_id":13,"#),
        (alert().entity("hosts", "h"), r#""entity_id":15,"#),
        (alert().entity("", ""), r#""entity_id":15,"#),
        (alert().source("eth0"), r#""ifid":-1,"#),
        (alert().source("12"), r#""ifid":12,"#),
        (
            alert().severity(Severity::Debug),
            r#""score":1,"severity":1,"#,
        ),
        (
            alert().severity(Severity::Notice),
            r#""score":10,"severity":3,"#,
        ),
        (
            alert().severity(Severity::Warning),
            r#""score":50,"severity":4,"#,
        ),
        (
            alert().severity(Severity::Alert),
            r#""score":200,"severity":7,"#,
        ),
        (
            alert().severity(Severity::Emergency),
            r#""score":250,"severity":8,"#,
        ),
        (alert().score(170), r#""score":170,"severity":5,"#),
        (alert(), r#""action":"store","#),
        (alert().released(), r#""action":"release","#),
        (
            alert().released().ends_at(ENDED),
            r#""tstamp":1729612800,"tstamp_end":1729614600,"#,
        ),
        (
            alert().engaged().ends_at(ENDED),
            r#""tstamp":1729612800,"tstamp_end":0,"#,
        ),
    ] {
        let document = ntopngs(Version::Since2024, vec![alert]);
        assert!(document.contains(expected), "{expected} in {document}");
    }
}

#[test]
fn what_ntopng_wrote_goes_on_as_it_was_but_for_title_and_message() {
    let own = r#""alert_id":4,"entity_id":1,"flow_risk_bitmap":18446744073709551615"#;
    let document = format!(
        r#"{{"id":"1","details":{{{own},"metadata":7,"title":"theirs","message":"theirs","json":{{"a":[1,"}}"]}}}}}}"#
    );
    let alert = || Alert::new("Flood").message("m").document(&document);
    assert_eq!(
        ntopngs(Version::V02, vec![alert()]),
        format!(
            r#"{{"version":"0.2","alerts":[{{{own},"json":"{{\"a\":[1,\"}}\"]}}","title":"Flood","message":"m"}}]}}"#
        )
    );
    assert_eq!(
        ntopngs(Version::Since2024, vec![alert()]),
        format!(
            r#"{{"version":"0.2","timestamp":<fact unix-seconds>,"alerts":[{{{own},"json":{{"a":[1,"}}"]}},"metadata":[],"title":"Flood","message":"m"}}]}}"#
        )
    );
    // Either of the two that tell ntopng's alerts is too little.
    for details in [r#"{"alert_id":4}"#, r#"{"entity_id":1}"#, "[4,1]"] {
        let document = format!(r#"{{"id":"1","details":{details}}}"#);
        let document = ntopngs(Version::V02, vec![Alert::new("x").document(&document)]);
        assert!(document.contains(r#""alert_id":0,"#), "{document}");
    }
}

#[test]
fn a_group_has_what_all_its_alerts_have_in_common() {
    let alert = |title: &str| Alert::new(title).message("the same").label("team", "noc");
    let alerts = vec![
        alert("one").engaged().label("severity", "page"),
        alert("two")
            .released()
            .ends_at(ENDED)
            .source("")
            .url("https://a.example/2"),
    ];
    let both = r#""alertname":"test","entity":"192.168.1.10","entity_kind":"host""#;
    assert_eq!(
        shown(alertmanager::group(
            "a \"b\"",
            "https://c.example/",
            &given_out(alerts)
        )),
        [
            r#"{"version":"4","groupKey":"{}/{receiver=\"a \\\"b\\\"\"}:{}","truncatedAlerts":0,"#,
            r#""status":"firing","receiver":"a \"b\"","groupLabels":{},"#,
            r#""commonLabels":{"#,
            both,
            r#","team":"noc"},"commonAnnotations":{"description":"the same"},"#,
            r#""externalURL":"https://c.example/","alerts":[{"status":"firing","labels":{"#,
            both,
            r#","severity":"page","source":"eth0","team":"noc"},"#,
            r#""annotations":{"description":"the same","summary":"one"},"#,
            r#""startsAt":"2024-10-22T16:00:00.000Z","endsAt":"0001-01-01T00:00:00Z","#,
            r#""generatorURL":"","fingerprint":"f1"},{"status":"resolved","labels":{"#,
            both,
            r#","severity":"error","team":"noc"},"#,
            r#""annotations":{"description":"the same","summary":"two"},"#,
            r#""startsAt":"2024-10-22T16:00:00.000Z","endsAt":"2024-10-22T16:30:00.500Z","#,
            r#""generatorURL":"https://a.example/2","fingerprint":"f1"}]}"#,
        ]
        .concat()
    );
}

#[test]
fn a_group_fires_while_one_of_its_alerts_does() {
    let alert = || Alert::new("x");
    for (alerts, status) in [
        (vec![], "resolved"),
        (vec![alert()], "firing"),
        (vec![alert().engaged()], "firing"),
        (vec![alert().released()], "resolved"),
        (vec![alert().released(), alert().engaged()], "firing"),
        (vec![alert().released(), alert().released()], "resolved"),
    ] {
        let group = shown(alertmanager::group("r", "", &given_out(alerts)));
        let expected = format!(r#""truncatedAlerts":0,"status":"{status}","#);
        assert!(group.contains(&expected), "{group}");
    }
}

/// The headers and body of events, as they go.
fn events(alerts: Vec<Alert>, write: fn(Request, &[Notification]) -> Request) -> String {
    let request = write(Request::post("https://x.example/"), &given_out(alerts));
    Message::from(request).to_string()
}

#[test]
fn structured_events_are_one_or_a_batch_and_a_test_has_the_deliverys_id() {
    let alert = || {
        Alert::new("x")
            .document(r#"{"id":"1"}"#)
            .severity(Severity::Warning)
    };
    let event = r#"{"specversion":"1.0","id":"0192b6f0-0000-7000-8000-000000000001","source":"/campanile/eth0","type":"campanile.alert.test","subject":"host/192.168.1.10","time":"2024-10-22T16:00:00.000Z","severity":"warning","action":"stored","datacontenttype":"application/json","data":{"id":"1","title":"x","message":""}}"#;
    let test = r#"{"specversion":"1.0","id":"<fact delivery-id json-string>","source":"/campanile/","type":"campanile.test","datacontenttype":"application/json","data":{}}"#;
    for (alerts, kind, body) in [
        (vec![], "cloudevents", test.to_owned()),
        (vec![alert()], "cloudevents", event.to_owned()),
        (
            vec![alert(), alert()],
            "cloudevents-batch",
            format!("[{event},{event}]"),
        ),
    ] {
        let shown = events(alerts, cloudevents::structured);
        let (head, sent) = shown.split_once("\n\n").expect("a body");
        let expected = format!("Content-Type: application/{kind}+json; charset=UTF-8");
        assert!(head.ends_with(&expected), "{shown}");
        assert_eq!(sent.trim_end(), body);
    }
}

#[test]
fn headers_of_binary_events_hold_printable_ascii_alone() {
    let binary = |alert| {
        events(vec![alert], |request, alerts| {
            cloudevents::binary(request, alerts.first())
        })
    };
    for (alert, header) in [
        (
            Alert::new("x").source("\u{E8} 100%"),
            "ce-source: /campanile/%25C3%25A8%2520100%2525",
        ),
        (
            Alert::new("x").entity("host", "a\r\nb: \"c\"\u{7f}\u{1F514}"),
            "ce-subject: host/a%0D%0Ab:%20%22c%22%7F%F0%9F%94%94",
        ),
        (Alert::new("x"), "ce-time: 2024-10-22T16:00:00.000Z"),
        (
            Alert::new("x").released().ends_at(ENDED),
            "ce-time: 2024-10-22T16:30:00.500Z",
        ),
        (
            Alert::new("x").engaged().ends_at(ENDED),
            "ce-time: 2024-10-22T16:00:00.000Z",
        ),
    ] {
        let shown = binary(alert);
        assert!(shown.contains(&format!("\n{header}\n")), "{shown}");
    }
}

#[test]
fn a_binary_test_is_its_headers() {
    let test = events(Vec::new(), |request, alerts| {
        cloudevents::binary(request, alerts.first())
    });
    assert_eq!(
        test.trim_end(),
        "POST https://x.example/\n\
         ce-specversion: 1.0\n\
         ce-id: <fact delivery-id>\n\
         ce-source: /campanile/\n\
         ce-type: campanile.test\n\
         Content-Type: application/json\n\
         \n\
         {}"
    );
}
