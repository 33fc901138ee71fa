//! A secret is found where it was sent, and nowhere else: in no log at any level, no file, no answer and
//! no output.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use campanile_tests::{Behaviour, Folder, Process, Receiver, Request, alert, run, wait_for};
use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_campanile-under-test");

/// What must not be found; the last column is a piece that is a secret alone.
const TELEGRAM: &str = "987654321:AAFsecret-of_the_bot-0123456789abcd";
const URL_PATH: &str = "/services/T0secret/very-long-hook-secret-42";
const BEARER: &str = "bearer~secret+value/of=the-hook";
const HEADER: &str = "header secret \"value\" of the hook";
const PASSWORD: &str = "basic:pass%word of the hook";
const SIGNING_KEY: &str = "whsec_c2VjcmV0LXNpZ25pbmcta2V5LW9mLXRoZS1ob29rLTEyMzQ=";
const SIGNING_TEXT: &str = "hmac-signing-secret-of-the-hook";
const INGEST: &str = "ingest-secret-of-the-producer";

/// In each of these spellings a value can be read off.
fn spellings(secret: &str) -> Vec<String> {
    let percent = |keep: &[u8], lower: bool| {
        let encoded = |byte: u8| {
            if byte.is_ascii_alphanumeric() || keep.contains(&byte) {
                char::from(byte).to_string()
            } else if lower {
                format!("%{byte:02x}")
            } else {
                format!("%{byte:02X}")
            }
        };
        secret.bytes().map(encoded).collect::<String>()
    };
    let list: Vec<_> = secret.bytes().map(|byte| byte.to_string()).collect();
    let mut all = vec![
        secret.to_owned(),
        percent(b"-._~", false),
        percent(b"-._~:", false),
        percent(b"-._~:", true),
        Value::from(secret).to_string().trim_matches('"').to_owned(),
        format!("{secret:?}").trim_matches('"').to_owned(),
        secret.bytes().map(|byte| format!("{byte:02x}")).collect(),
        list.join(", "),
        list.join(","),
    ];
    // Base64 of any text around it: what does not depend on the neighbours, by position modulo 3.
    for before in 0..3 {
        let text = [vec![0; before], secret.as_bytes().to_vec()].concat();
        let (from, to) = ((before * 8).div_ceil(6), text.len() * 8 / 6);
        for code in [STANDARD.encode(&text), URL_SAFE.encode(&text)] {
            all.push(code[from..to].to_owned());
        }
    }
    all
}

fn finds(text: &str, secret: &str) -> bool {
    spellings(secret)
        .iter()
        .any(|spelling| text.contains(spelling.as_str()))
}

/// All secrets of the test's configuration.
fn secrets() -> Vec<&'static str> {
    let token_only = TELEGRAM.split_once(':').expect("a colon").1;
    let path_end = URL_PATH.rsplit_once('/').expect("a slash").1;
    vec![
        TELEGRAM,
        token_only,
        URL_PATH,
        path_end,
        BEARER,
        HEADER,
        PASSWORD,
        SIGNING_KEY,
        SIGNING_KEY.trim_start_matches("whsec_"),
        SIGNING_TEXT,
    ]
}

#[track_caller]
fn assert_clean(what: &str, bytes: &[u8], secrets: &[&str]) {
    // No needle has bytes that this replaces.
    let text = String::from_utf8_lossy(bytes);
    for secret in secrets {
        if finds(&text, secret) {
            let line = text.lines().find(|line| finds(line, secret));
            panic!("{what} shows {secret:?}: {line:?}");
        }
    }
}

/// The whole request as it came, as a server writes that likes to show what it got.
fn whole(request: &Request) -> Vec<u8> {
    let mut text = format!("{} {}\n", request.method, request.path);
    for (name, value) in &request.headers {
        text.push_str(&format!("{name}: {value}\n"));
    }
    [text.into_bytes(), b"\n".to_vec(), request.body.clone()].concat()
}

/// What the receiver does follows from who asks, so that all ways to fail are gone through.
fn by_recipient(request: &Request) -> Behaviour {
    let text = String::from_utf8_lossy(&request.body).into_owned();
    let echo = |status: u16| {
        let headers = vec![
            (String::from("x-you-sent"), request.path.clone()),
            (
                String::from("x-credentials"),
                request.header("authorization").unwrap_or("none").to_owned(),
            ),
        ];
        Behaviour::Answer(status, headers, whole(request))
    };
    match () {
        () if text.contains("goes_well") => {
            Behaviour::json(200, &json!({"ok": true, "result": {"message_id": 7}}))
        }
        () if text.contains("is_echoed_404") => echo(404),
        () if text.contains("is_echoed_500") => echo(500),
        () if text.contains("is_redirected") => {
            let to = format!("http://127.0.0.1:1{}", request.path);
            Behaviour::with_header(302, "location", &to)
        }
        () if text.contains("is_garbled") => {
            Behaviour::Raw([b"220 you sent ".to_vec(), whole(request)].concat())
        }
        () if text.contains("is_cut") => Behaviour::Close,
        () if text.contains("hangs") => Behaviour::Hang,
        // Test messages, and what else comes.
        () => echo(200),
    }
}

const KINDS: [&str; 7] = [
    "goes_well",
    "is_echoed_404",
    "is_echoed_500",
    "is_redirected",
    "is_garbled",
    "is_cut",
    "hangs",
];

/// Telegram, and webhooks that have every kind of secret between them.
fn configuration(receiver: &Receiver) -> String {
    let (url, opening) = (receiver.url(""), receiver.opening());
    format!(
        r#"
[[endpoint]]
name = "bot"
component = "telegram"
params = {{ token = {{ env = "BOT_TOKEN" }}, api = "{url}" }}

[[endpoint]]
name = "signed"
component = "webhook"
[endpoint.params]
url = "{url}{URL_PATH}"
bearer = "{BEARER}"
headers = {{ X-Key = {HEADER:?} }}
signing = "standard-webhooks"
signing_key = "{SIGNING_KEY}"
alerts_per_request = 1

[[endpoint]]
name = "basic"
component = "webhook"
[endpoint.params]
url = "{url}/basic"
user = "user"
password = "{PASSWORD}"
signing = "hmac-sha256"
signing_key = "{SIGNING_TEXT}"
alerts_per_request = 1

# Its one secret is its path, and a page that repeats what it has not found shows no more than that.
[[endpoint]]
name = "plain"
component = "webhook"
params = {{ url = "{url}{URL_PATH}", alerts_per_request = 1 }}

[[recipient]]
name = "plain"
endpoint = "plain"

[[recipient]]
name = "bot"
endpoint = "bot"
params = {{ chat = "-100" }}

[[recipient]]
name = "signed"
endpoint = "signed"

[[recipient]]
name = "basic"
endpoint = "basic"

[[network]]
allow = ["{opening}"]

[[token]]
name = "producer"
value = "{INGEST}"
"#
    )
}

fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else {
            let bytes = std::fs::read(&path).expect("a file");
            found.push((path.display().to_string(), bytes));
        }
    }
}

#[test]
fn a_secret_is_recognised_in_every_spelling() {
    let secret = "a+b/\"c\" %:~é0123456789";
    let encoded = STANDARD.encode(format!("user:{secret}!"));
    for text in [
        format!("x{secret}y"),
        format!("{secret:?}"),
        Value::from(secret).to_string(),
        "a%2Bb%2F%22c%22%20%25%3A~%C3%A90123456789".to_owned(),
        "a%2bb%2f%22c%22%20%25:~%c3%a90123456789".to_owned(),
        encoded,
        format!("{:?}", secret.as_bytes()),
    ] {
        assert!(finds(&text, secret), "{text}");
    }
    assert!(!finds("a+b/\"c\" %:~é012345678", secret));
}

#[tokio::test]
async fn secrets_are_in_what_was_sent_and_nowhere_else() {
    let receiver = Receiver::start([], Behaviour::choose(by_recipient)).await;
    let folder = Folder::new();
    let (data, config) = (folder.path().join("data"), folder.path().join("c.toml"));
    std::fs::write(&config, configuration(&receiver)).expect("a file");
    let environment = [("CAMPANILE_LOG", "trace"), ("BOT_TOKEN", TELEGRAM)];
    let program = Process::start(PROGRAM, &data, Some(&config), &environment).await;

    // All at once: the one that hangs takes as long as the first byte may.
    let alerts: Vec<_> = KINDS.iter().map(|kind| alert(kind, &json!({}))).collect();
    assert_eq!(program.post(&json!(alerts)).await, 202);
    // A producer's own secret, in the body and in a header, with alerts good and bad.
    let client = reqwest::Client::new();
    let mut answers = Vec::new();
    for (body, token) in [
        (
            format!(r#"{{"sharedsecret":"{INGEST}","alerts":[]}}"#),
            None,
        ),
        (
            format!(r#"{{"sharedsecret":"{INGEST}","alerts":[{{"alert_id":1}}]}}"#),
            None,
        ),
        (
            format!(r#"{{"sharedsecret":"{INGEST}x","alerts":[]}}"#),
            None,
        ),
        (
            format!(r#"{{"sharedsecret":["{INGEST}"],"alerts":[]}}"#),
            None,
        ),
        (
            format!(r#"{{"sharedsecret":"{INGEST}","alerts":[{{}}"#),
            None,
        ),
        ("[]".to_owned(), Some(INGEST)),
    ] {
        let mut request = client
            .post(format!("{}/ingest/ntopng", program.contact.url))
            .body(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.expect("an answer");
        answers.push(answer.text().await.expect("text"));
    }
    for (at, answer) in answers.iter().enumerate() {
        assert_clean(
            &format!("answer {at} to a producer"),
            answer.as_bytes(),
            &[INGEST],
        );
    }

    // Every alert of every recipient had its attempt.
    let attempted = wait_for("all attempts", || async {
        let deliveries = program.get("/api/v1/deliveries?limit=1000").await;
        let deliveries = deliveries.as_array().expect("a list").clone();
        let judged = deliveries
            .iter()
            .filter(|one| !one["reason"].is_null())
            .count();
        (judged >= 4 * KINDS.len()).then_some(deliveries)
    })
    .await;
    let reasons: std::collections::BTreeSet<_> = attempted
        .iter()
        .map(|delivery| delivery["reason"].as_str().expect("a reason"))
        .collect();
    for reason in [
        "accepted",
        "not-found",
        "server-error",
        "redirect",
        "bad-response",
        "answer-lost",
        "first-byte-timeout",
    ] {
        assert!(
            reasons.contains(reason),
            "{reason} did not happen: {reasons:?}"
        );
    }

    // What an operator sees.
    let mut outputs = Vec::new();
    let data_text = data.display().to_string();
    let mut commands: Vec<Vec<&str>> = vec![
        vec!["delivery", "list", "--limit", "1000"],
        vec!["dead-letter", "list"],
        vec!["recipient", "list"],
        vec!["recipient", "test", "bot"],
        vec!["recipient", "test", "signed"],
        vec!["recipient", "test", "basic"],
        vec!["recipient", "test", "plain"],
        vec!["component", "list"],
        vec!["component", "inspect", "telegram"],
        vec!["component", "inspect", "webhook"],
    ];
    let ids: Vec<_> = attempted
        .iter()
        .map(|delivery| delivery["id"].as_str().expect("an id"))
        .collect();
    commands.extend(ids.iter().map(|id| vec!["delivery", "show", id]));
    for arguments in commands {
        for form in [&[][..], &["--json"]] {
            let all: Vec<&str> = arguments
                .iter()
                .chain(form)
                .chain(&["--data", data_text.as_str()])
                .copied()
                .collect();
            let ran = run(
                PROGRAM,
                &all,
                folder.path(),
                &[("CAMPANILE_LOG", "trace")],
                b"",
            )
            .await;
            assert_eq!(ran.code, Some(0), "{all:?}: {ran:?}");
            outputs.push((all.join(" "), ran.out + &ran.err));
        }
    }
    // A hole stands where the secret is sent.
    for (what, hole) in [
        (
            "recipient test bot --data",
            "/bot⟨secret token⟩/sendMessage",
        ),
        ("recipient test signed --data", "Bearer ⟨secret bearer⟩"),
        ("recipient test signed --data", "⟨secret headers/X-Key⟩"),
        (
            "recipient test basic --data",
            "⟨base64 of user:⟨secret password⟩⟩",
        ),
    ] {
        let found = outputs
            .iter()
            .find(|(command, _)| command.starts_with(what));
        let (_, output) = found.expect("the command");
        assert!(output.contains(hole), "{what}: {output}");
    }
    for path in [
        "/api/v1/deliveries?limit=1000",
        "/api/v1/dead-letters?limit=1000",
        "/api/v1/recipients",
        "/api/v1/components",
        "/api/v1/components/telegram",
    ] {
        outputs.push((path.to_owned(), program.get(path).await.to_string()));
    }
    for (what, output) in &outputs {
        assert_clean(what, output.as_bytes(), &secrets());
        assert_clean(what, output.as_bytes(), &[INGEST]);
    }

    // A copy of what is on the disk while it runs, and what is left when it was killed.
    let mut kept = Vec::new();
    files(&data, &mut kept);
    let log = program.kill().await;
    files(&data, &mut kept);
    assert!(
        kept.iter()
            .any(|(name, _)| name.ends_with("campanile.sqlite3-wal"))
    );
    for (name, bytes) in &kept {
        assert_clean(name, bytes, &secrets());
        assert_clean(name, bytes, &[INGEST]);
    }
    assert!(log.matches("first-byte-timeout").count() >= 4, "{log}");
    assert_clean("the log", log.as_bytes(), &secrets());
    assert_clean("the log", log.as_bytes(), &[INGEST]);

    // The same search finds them where they were sent, so that it could have failed.
    let sent: Vec<u8> = receiver.received().iter().flat_map(whole).collect();
    let sent = String::from_utf8_lossy(&sent);
    for secret in secrets() {
        let is_key = [SIGNING_TEXT, SIGNING_KEY].contains(&secret) || SIGNING_KEY.ends_with(secret);
        assert_eq!(finds(&sent, secret), !is_key, "{secret}");
    }
    assert!(
        receiver
            .received()
            .iter()
            .any(|request| request.header("webhook-signature").is_some())
    );
}

#[tokio::test]
async fn mistakes_in_a_configuration_do_not_repeat_its_secrets() {
    let receiver = Receiver::ok().await;
    let good =
        configuration(&receiver).replace("{ env = \"BOT_TOKEN\" }", &format!("\"{TELEGRAM}\""));
    let rows = [
        (
            "a value of another form",
            TELEGRAM,
            "987654321:AAFsecret-of_the_bot-0123456789abc".to_owned(),
        ),
        (
            "an unknown field",
            "token = \"987",
            "tokken = \"987".to_owned(),
        ),
        ("a line that is not ended", "abcd\"", "abcd".to_owned()),
        (
            "a table that is a text",
            "params = { token",
            "other = { token".to_owned(),
        ),
        (
            "parameters that are a secret",
            "[endpoint.params]\nurl = ",
            "params = ".to_owned(),
        ),
        (
            "a list",
            "bearer = \"bearer~secret+value/of=the-hook\"",
            format!("bearer = [[\"{BEARER}\"]]"),
        ),
        (
            "a header twice",
            "headers = { X-Key",
            format!("headers = {{ x-key = {HEADER:?}, X-Key"),
        ),
        ("a key too short", SIGNING_TEXT, "hmac-signing".to_owned()),
        (
            "two credentials",
            "user = \"user\"",
            format!("user = \"user\"\nbearer = \"{BEARER}\""),
        ),
        (
            "a URL with a password",
            "url = \"http://",
            format!("url = \"http://user:{SIGNING_TEXT}@"),
        ),
        ("a token too short", INGEST, "short-secret".to_owned()),
    ];
    let mut texts = vec![(
        "a secret for a table",
        format!("[[endpoint]]\nname = \"a\"\ncomponent = \"webhook\"\nparams = \"{BEARER}\""),
    )];
    for (what, from, to) in rows {
        let text = good.replacen(from, &to, 1);
        assert_ne!(text, good, "{what}: {from} is not there");
        texts.push((what, text));
    }
    for (what, text) in texts {
        let folder = Folder::new();
        let config = folder.path().join("c.toml");
        std::fs::write(&config, text).expect("a file");
        let arguments = [
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--config",
            "c.toml",
            "--data",
            "data",
        ];
        let trace = [("CAMPANILE_LOG", "trace")];
        let ran = run(PROGRAM, &arguments, folder.path(), &trace, b"").await;
        assert_eq!(ran.code, Some(1), "{what}: {ran:?}");
        let said = ran.out + &ran.err;
        assert!(said.contains("error"), "{what}: {said}");
        let mut unsaid = secrets();
        unsaid.extend([
            INGEST,
            "short-secret",
            "hmac-signing",
            "AAFsecret-of_the_bot",
        ]);
        assert_clean(what, said.as_bytes(), &unsaid);
        let mut kept = Vec::new();
        if folder.path().join("data").exists() {
            files(&folder.path().join("data"), &mut kept);
        }
        for (name, bytes) in kept {
            assert_clean(&name, &bytes, &unsaid);
        }
    }
}
