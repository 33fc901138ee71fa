use campanile_guest::harness::{Alert, Harness};
use campanile_guest::{Body, Failure, Message, Outcome, Part};

use super::Webhook as Component;

fn harness() -> Harness<Component> {
    Harness::new()
}

fn json(message: &Message) -> serde_json::Value {
    let Message::Http(request) = message else {
        panic!("not a request")
    };
    let Body::Text(template) = &request.body else {
        panic!("not a text")
    };
    // A fact is a number, alone or in a string.
    let filled = template.iter().map(|part| match part {
        Part::Text(text) => text.as_str(),
        Part::Fact(_) => "17",
        Part::Secret(_) => panic!("a secret in {template:?}"),
    });
    serde_json::from_str(&filled.collect::<String>()).expect("valid JSON")
}

fn shown(mut harness: Harness<Component>) -> String {
    harness.run_test().expect("messages")[0].to_string()
}

#[test]
fn alerts_go_as_one_json_document_to_the_whole_secret_url() {
    let mut harness = harness()
        .alert(Alert::new("One").document(r#"{"id":"1"}"#))
        .alert(Alert::new("Two").document(r#"{"id":"2"}"#));
    let batch = harness.dequeue().expect("a batch");
    assert_eq!(batch.deliveries.len(), 1);
    assert_eq!(batch.deliveries[0].alerts, [0, 1]);
    let message = &batch.deliveries[0].messages[0];
    assert!(message.to_string().starts_with(
        "POST <secret url>\nIdempotency-Key: <fact delivery-id>\nContent-Type: application/json\n\n"
    ));
    let body = json(message);
    assert_eq!(body["version"], "1");
    assert_eq!(body["alerts"][0]["id"], "1");
    assert_eq!(body["alerts"][1]["title"], "Two");
}

#[test]
fn requests_hold_as_many_alerts_as_the_receiver_wants() {
    for (size, budget, expected) in [
        ("2", 100, vec![2, 2, 1]),
        ("5", 100, vec![5]),
        ("100", 100, vec![5]),
        ("2", 3, vec![2, 1]),
        ("1", 1, vec![1]),
        ("2", 0, vec![]),
    ] {
        let mut harness = harness().param("alerts_per_request", size).budget(budget);
        for number in 0..5 {
            harness = harness.alert(Alert::new(&number.to_string()));
        }
        let batch = harness.dequeue().expect("a batch");
        let sizes: Vec<usize> = batch
            .deliveries
            .iter()
            .map(|delivery| delivery.alerts.len())
            .collect();
        assert_eq!(sizes, expected, "{size} of {budget}");
    }
}

#[test]
fn each_body_has_its_type_and_as_many_alerts_as_it_can_carry() {
    const JSON: &str = "application/json";
    for (body, kind, alerts, requests) in [
        ("native", JSON, 3, 1),
        ("ntopng", JSON, 3, 1),
        ("ntopng-0.2", JSON, 3, 1),
        ("alertmanager", JSON, 3, 1),
        (
            "cloudevents",
            "application/cloudevents-batch+json; charset=UTF-8",
            3,
            1,
        ),
        (
            "cloudevents",
            "application/cloudevents+json; charset=UTF-8",
            1,
            1,
        ),
        ("cloudevents-binary", JSON, 3, 3),
    ] {
        let mut harness = harness().param("body", body);
        for number in 0..alerts {
            harness = harness.alert(Alert::new(&number.to_string()));
        }
        let batch = harness.dequeue().expect("a batch");
        assert_eq!(batch.deliveries.len(), requests, "{body}");
        for delivery in &batch.deliveries {
            let shown = delivery.messages[0].to_string();
            let header = format!("\nContent-Type: {kind}\n");
            assert!(shown.contains(&header), "{shown}");
            json(&delivery.messages[0]);
        }
        let test = &harness.run_test().expect("messages")[0];
        assert!(
            test.to_string().contains("\nContent-Type: application/"),
            "{test}"
        );
    }
}

#[test]
fn what_a_form_is_written_with_is_a_parameter() {
    for (body, param, written) in [
        (
            "ntopng",
            "shared_secret",
            "\"timestamp\":<fact unix-seconds>,\"sharedsecret\":\"<secret shared_secret json-string>\"",
        ),
        (
            "ntopng-0.2",
            "shared_secret",
            "\"version\":\"0.2\",\"sharedsecret\":\"<secret shared_secret json-string>\"",
        ),
        (
            "alertmanager",
            "external_url",
            "\"externalURL\":\"https://a.example/\"",
        ),
    ] {
        let bare = shown(harness().param("body", body));
        assert!(!bare.contains(written), "{bare}");
        let with = shown(
            harness()
                .param("body", body)
                .param(param, "https://a.example/"),
        );
        assert!(with.contains(written), "{with}");
    }
    let group = shown(harness().param("body", "alertmanager"));
    assert!(group.contains("\"receiver\":\"recipient\""), "{group}");
}

#[test]
fn hostile_text_stays_inside_its_string() {
    let hostile = "\"}],\"x\":[{\"<&>` %{x} \\ \u{1} \u{5D0}\u{202E}";
    let document = serde_json::json!({"id": "1", "note": hostile}).to_string();
    let long = "\u{1F514}x".repeat(20_000);
    let mut harness = harness()
        .alert(Alert::new(hostile).message(hostile).document(&document))
        .alert(Alert::new(&long).document(r#"{"id":"2"}"#));
    let body = json(&harness.dequeue().expect("a batch").deliveries[0].messages[0]);
    assert_eq!(body["alerts"].as_array().map(Vec::len), Some(2));
    assert_eq!(body["alerts"][0]["note"], hostile);
    assert!(
        body["alerts"][1]["title"] == long.as_str(),
        "the long title is not the given one"
    );
    assert!(body.get("x").is_none());
}

#[test]
fn credentials_and_headers_are_holes() {
    let bearer = shown(
        harness()
            .param("bearer", "b")
            .row("headers", "X-Key", "k")
            .param("method", "PUT"),
    );
    assert!(bearer.starts_with("PUT <secret url>\n"), "{bearer}");
    assert!(
        bearer.contains("\nX-Key: <secret headers/X-Key>\n"),
        "{bearer}"
    );
    assert!(
        bearer.contains("(authorization, value = Bearer <secret bearer>)"),
        "{bearer}"
    );
    let basic = shown(harness().param("user", "noc").param("password", "p"));
    assert!(
        basic.contains("(basic, user = noc, password = <secret password>)"),
        "{basic}"
    );
}

#[test]
fn signatures_are_the_hosts_to_make() {
    let with = |signing: &str| {
        shown(
            harness()
                .param("signing", signing)
                .param("signing_key", "k"),
        )
    };
    assert!(with("standard-webhooks").contains("(standard-webhooks, key = <secret signing_key>)"));
    assert!(with("hmac-sha256").contains(
        "(hmac-sha256, key = <secret signing_key>, header = X-Campanile-Signature, prefix = sha256=)"
    ));
    assert!(!with("none").contains("signing_key"));
}

#[test]
fn parameters_that_do_not_fit_together_are_told() {
    type Fill = fn(Harness<Component>) -> Harness<Component>;
    let table: [(Fill, &[&str]); 16] = [
        (|h| h, &[]),
        (
            |h| h.param("signing", "hmac-sha256").param("signing_key", "k"),
            &[],
        ),
        (
            |h| h.param("signing", "hmac-sha256"),
            &["webhook.no_signing_key"],
        ),
        (
            |h| h.param("signing_key", "k"),
            &["webhook.unused_signing_key"],
        ),
        (|h| h.param("user", "u").param("password", "p"), &[]),
        (|h| h.param("user", "u"), &["webhook.incomplete_basic"]),
        (
            |h| h.param("password", "p").param("bearer", "b"),
            &["webhook.two_credentials", "webhook.incomplete_basic"],
        ),
        (|h| h.row("headers", "X-Key", "k"), &[]),
        (
            |h| h.row("headers", "X Key", "k").row("headers", "HOST", "h"),
            &["webhook.wrong_header"; 2],
        ),
        (
            |h| h.param("signature_header", "X:Y"),
            &["webhook.wrong_header"],
        ),
        (
            |h| h.param("body", "ntopng").param("shared_secret", "s"),
            &[],
        ),
        (
            |h| h.param("body", "ntopng-0.2").param("shared_secret", "s"),
            &[],
        ),
        (
            |h| h.param("body", "cloudevents").param("shared_secret", "s"),
            &["webhook.unused_shared_secret"],
        ),
        (
            |h| h.row("headers", "CE-Type", "t").row("headers", "Cex", "c"),
            &["webhook.wrong_header"],
        ),
        (
            |h| h.param("alerts_per_request", "0"),
            &["webhook.wrong_number"],
        ),
        (
            |h| h.param("alerts_per_request", "101"),
            &["webhook.wrong_number"],
        ),
    ];
    for (number, (fill, expected)) in table.into_iter().enumerate() {
        let problems: Vec<String> = fill(harness())
            .lint()
            .into_iter()
            .map(|problem| problem.message)
            .collect();
        assert_eq!(problems, expected, "row {number}");
    }
}

#[test]
fn a_number_that_is_out_of_range_pauses_the_recipient() {
    let mut harness = harness()
        .param("alerts_per_request", "-1")
        .alert(Alert::new("x"));
    assert!(matches!(harness.dequeue(), Err(Failure::Invalid(_))));
}

#[test]
fn a_response_is_judged_by_its_status_alone() {
    let mut harness = harness();
    harness.run_test().expect("messages");
    for status in [200, 429, 500] {
        assert_eq!(
            harness.respond(status, &[], "{\"ok\":false}").outcome,
            Outcome::Agree
        );
    }
}
