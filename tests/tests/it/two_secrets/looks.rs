//! Every way in which anybody looks at the program.

use campanile_tests::{World, run};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use super::seen::Seen;
use super::values::Variant;

const PROGRAM: &str = env!("CARGO_BIN_EXE_campanile-under-test");

/// Columns that are sealed or hashed with a nonce or a secret: what a thief may have of them.
const SEALED: [(&str, &str); 2] = [("endpoint", "sealed"), ("token", "hash")];

/// Columns with the number of a delivery: which is built first is chance, so its id stands there, which has a name.
const NUMBERS: [(&str, &str); 3] = [
    ("attempt", "delivery"),
    ("content", "delivery"),
    ("delivery", "seq"),
];

/// A producer posts alerts with its own secret, good ones and bad ones.
pub(super) async fn intake(world: &World, variant: Variant, good: &Value, seen: &mut Seen) {
    let token = variant.value("ingest-token");
    let secret = |before: &str, after: &str| {
        let value = Value::from(format!("{token}{after}"));
        format!(r#"{{{before}"sharedsecret":{value},"alerts":[]}}"#)
    };
    let posts = [
        ("/api/v1/alerts", Some(token), good.to_string()),
        ("/api/v1/alerts", Some(token), String::from("[{}]")),
        ("/api/v1/alerts", Some(&token[1..]), String::from("[]")),
        ("/api/v1/alerts", None, String::from("[]")),
        ("/ingest/ntopng", None, secret("", "")),
        ("/ingest/ntopng", None, secret("", "x")),
        // Who sent a text is told the column of a fault in it: here it stands before the secret.
        ("/ingest/ntopng", None, secret("\"a\":}", "")),
        (
            "/ingest/ntopng",
            None,
            json!({"sharedsecret": [token], "alerts": []}).to_string(),
        ),
        (
            "/ingest/ntopng",
            None,
            json!({"sharedsecret": token, "alerts": [{"alert_id": 1}, token]}).to_string(),
        ),
    ];
    for (at, (path, token, body)) in posts.into_iter().enumerate() {
        let answer = world.post_raw(path, token, body).await;
        seen.add(
            &format!("answer {at} to a producer"),
            &format!("{answer:#?}"),
        );
    }
}

/// The same state is applied again, and states with mistakes in their secrets: by the API, and from a file.
pub(super) async fn applied(world: &World, desired: &Value, seen: &mut Seen) {
    let changed = |change: fn(&mut serde_json::Map<String, Value>)| {
        let mut changed = desired.clone();
        for endpoint in changed["endpoints"].as_array_mut().expect("endpoints") {
            change(endpoint["params"].as_object_mut().expect("params"));
        }
        changed
    };
    let wrong = changed(|params| {
        for name in ["token", "webhook", "url", "signing_key", "server"] {
            if let Some(Value::String(value)) = params.get_mut(name) {
                value.insert_str(0, "no\u{a0}such ");
            }
        }
    });
    let elsewhere = changed(|params| {
        for name in ["token", "password", "webhook", "signing_key"] {
            if let Some(value) = params.remove(name) {
                params.insert(String::from("unknown"), value);
            }
        }
    });
    let mistyped = changed(|params| {
        for (_, value) in params.iter_mut() {
            *value = json!({"rows": [value.clone()]});
        }
    });
    let mut of_a_text = desired.clone();
    of_a_text["endpoints"] = desired["endpoints"][0]["params"]["token"].clone();
    for (what, desired) in [
        ("again", desired),
        ("wrong", &wrong),
        ("elsewhere", &elsewhere),
        ("mistyped", &mistyped),
        ("of a text", &of_a_text),
    ] {
        for dry_run in [true, false] {
            let asked = json!({"desired": desired, "dry_run": dry_run});
            let answer = world.administer("/api/v1/apply", &asked).await;
            let what = format!("apply {what}, dry run {dry_run}");
            seen.add(&what, &format!("{answer:#?}"));
        }
    }
}

/// Everything that an operator can ask for, and the state of every recipient's test.
pub(super) async fn looked_at(world: &World, recipients: &[String], seen: &mut Seen) {
    let mut deliveries = world.deliveries().await;
    deliveries.sort_by(|one, other| one.recipient_name.cmp(&other.recipient_name));
    let mut paths: Vec<String> = [
        "/healthz",
        "/readyz",
        "/metrics",
        "/openapi.json",
        "/api/v1/deliveries?limit=1000",
        "/api/v1/dead-letters?limit=1000",
        "/api/v1/endpoints",
        "/api/v1/recipients",
        "/api/v1/ceiling",
        "/api/v1/components",
        "/api/v1/components/webhook",
        "/api/v1/deliveries/none",
    ]
    .map(String::from)
    .into();
    let mut commands: Vec<Vec<&str>> = vec![
        vec!["delivery", "list", "--limit", "1000"],
        vec!["dead-letter", "list", "--limit", "1000"],
        vec!["endpoint", "list"],
        vec!["recipient", "list"],
        vec!["component", "list"],
        vec!["component", "inspect", "telegram"],
        vec!["delivery", "show", "none"],
    ];
    for (at, delivery) in deliveries.iter().enumerate() {
        paths.push(format!("/api/v1/deliveries/{}", delivery.id));
        // The same page each: some of them are enough.
        if at % 16 == 0 {
            commands.push(vec!["delivery", "show", &delivery.id]);
        }
    }
    let client = reqwest::Client::new();
    let token = &world.contact.admin_token;
    for path in paths {
        let asked = client.get(world.url(&path)).bearer_auth(token);
        seen.add(&path, &answer(asked).await);
    }
    for recipient in recipients {
        let path = format!("/api/v1/recipients/{recipient}/test");
        let asked = client.post(world.url(&path)).bearer_auth(token);
        seen.add(&path, &answer(asked).await);
    }
    let tested = recipients.iter().step_by(8);
    commands.extend(tested.map(|name| vec!["recipient", "test", name.as_str()]));
    for command in commands {
        said(world, &command, seen).await;
    }
}

/// Status, headers and body of an answer, but for the day.
async fn answer(asked: reqwest::RequestBuilder) -> String {
    let answer = asked.send().await.expect("an answer");
    let status = answer.status();
    let mut headers = answer.headers().clone();
    headers.remove("date");
    let text = answer.text().await.expect("a body");
    // Members on lines of their own, so that a difference is found.
    let pretty = serde_json::from_str(&text).map(|json: Value| format!("{json:#}"));
    format!("{status}\n{headers:#?}\n{}", pretty.unwrap_or(text))
}

/// A command's exit, output and log.
async fn said(world: &World, command: &[&str], seen: &mut Seen) {
    let data = world.data().display().to_string();
    let mut arguments = command.to_vec();
    arguments.extend(["--data", data.as_str()]);
    let log = [("CAMPANILE_LOG", "trace")];
    let ran = run(PROGRAM, &arguments, &world.data(), &log, b"").await;
    let text = format!("{:?}\n{}\n{}", ran.code, ran.out, ran.err);
    seen.add(&command.join(" "), &text);
}

/// All that is in the store's file, a row a line, but for what is sealed.
pub(super) fn stored(world: &World, seen: &mut Seen) {
    let path = world.data().join("campanile.sqlite3");
    let store = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let store = store.expect("the store's file");
    let tables = rows(
        &store,
        "SELECT name FROM sqlite_schema WHERE type = 'table'",
    );
    for table in tables.iter().flatten() {
        let columns = rows(
            &store,
            &format!("SELECT name FROM pragma_table_info('{table}')"),
        );
        let columns: Vec<&str> = columns.iter().flatten().map(String::as_str).collect();
        let selected = columns.iter().map(|name| {
            let column = (table.as_str(), *name);
            if SEALED.contains(&column) {
                String::from("'sealed'")
            } else if NUMBERS.contains(&column) {
                format!("(SELECT id FROM delivery AS its WHERE its.seq = {table}.{name})")
            } else {
                (*name).to_owned()
            }
        });
        let selected = selected.collect::<Vec<_>>().join(", ");
        for row in rows(&store, &format!("SELECT {selected} FROM {table}")) {
            let fields = columns.iter().zip(row);
            let fields = fields.map(|(name, value)| format!("{name}: {}", value.escape_debug()));
            let line = fields.collect::<Vec<_>>().join(", ");
            seen.add(&format!("table {table}"), &line);
        }
    }
}

/// What a query finds, as text.
fn rows(store: &Connection, query: &str) -> Vec<Vec<String>> {
    let mut statement = store.prepare(query).expect("a query");
    let width = statement.column_count();
    let text = |value: ValueRef<'_>| match value {
        ValueRef::Null => String::from("-"),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            String::from_utf8_lossy(bytes).into_owned()
        }
    };
    let found = statement.query_map([], |row| {
        (0..width).map(|at| row.get_ref(at).map(text)).collect()
    });
    found
        .expect("rows")
        .map(|row| row.expect("a row"))
        .collect()
}
