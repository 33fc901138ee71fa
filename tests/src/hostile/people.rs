//! What an alert says is text to whoever reads it: no mention, no link and no command by its own doing.

use serde_json::{Value, json};

use super::{Bystander, Stopped};
use crate::fakes::{Bucket, Discord, Slack, Telegram};
use crate::programs::{UNDER_TEST, program};
use crate::{Behaviour, Folder, Receiver, Request, World, alert, html, markup, run};

/// What one alert looks like to those who read it, by destination: the payload, the text and its links.
async fn read(
    world: &World,
    beside: &Bystander<'_>,
    alert: &Value,
) -> [(&'static str, Value, String, Vec<String>); 3] {
    let telegram = Telegram::start(&world.clock, &["-1001"]).await;
    let slack = Slack::start(&world.clock, &["C1"]).await;
    let discord = Discord::start(&world.clock, BUCKET, &[]).await;
    let recipient = |name: &str, params: Value| json!({"name": name, "endpoint": name, "params": params, "language": "en", "time_zone": "UTC"});
    let desired = json!({
        "endpoints": [
            {"name": "telegram", "component": "telegram", "params": telegram.bot()},
            {"name": "slack", "component": "slack", "params": slack.bot()},
            {"name": "discord", "component": "discord", "params": discord.webhook()},
        ],
        "recipients": [
            recipient("telegram", json!({"chat": "-1001"})),
            recipient("slack", json!({"channel": "C1"})),
            recipient("discord", json!({})),
        ],
        "networks": [{"allow": [
            telegram.receiver().opening(), slack.receiver().opening(), discord.receiver().opening(),
        ]}],
    });
    world.apply(desired, "en").await.expect("it is applied");
    let posted = world.post(alert).await;
    assert_eq!(posted.status, 202, "{}", posted.body);
    beside.empty().await;
    assert!(world.dead_letters().await.is_empty());
    let told = payload(&telegram.receiver().received(), "text");
    let seen = html::seen(told["text"].as_str().expect("a text"));
    let blocks = payload(&slack.receiver().received(), "blocks");
    let in_slack = markup::slack(&blocks);
    let embeds = payload(&discord.receiver().received(), "embeds");
    let in_discord = markup::discord(&embeds);
    [
        ("telegram", told, seen.text, seen.links),
        ("slack", blocks, in_slack.text, in_slack.links),
        ("discord", embeds, in_discord.text, in_discord.links),
    ]
}

/// As often as anybody likes.
const BUCKET: Bucket = Bucket {
    limit: 1_000,
    window: 1_000,
};

/// The one request that has such a member.
fn payload(requests: &[Request], member: &str) -> Value {
    let payloads: Vec<_> = requests.iter().map(Request::json).collect();
    let mut told = payloads.into_iter().filter(|it| it[member] != Value::Null);
    told.next().expect("a message")
}

pub async fn host_named_at_everyone_with_a_link() -> Stopped {
    let name =
        "@everyone @here <!channel> <@U1> [x](https://evil.example) <https://evil.example|x>";
    let entity = json!({"kind": "host", "value": "10.0.0.1", "name": name});
    let alert = alert(
        "disk_full",
        &json!({"entity": entity, "title": name, "message": name}),
    );
    let world = World::builder().held_clock().start().await;
    let beside = Bystander::beside(&world).await;
    for (destination, payload, text, links) in read(&world, &beside, &alert).await {
        assert!(text.contains(name), "{destination}: {text}");
        assert_eq!(links, [""; 0], "{destination}");
        match destination {
            "telegram" => assert_eq!(
                payload["link_preview_options"],
                json!({"is_disabled": true})
            ),
            "slack" => {
                assert_eq!(payload["unfurl_links"], false);
                assert_eq!(payload["unfurl_media"], false);
                // What is shown where blocks are not is markup too.
                let short = payload["text"].as_str().expect("a text");
                assert!(!short.contains('<'), "{short}");
                for block in payload["blocks"].as_array().expect("blocks") {
                    let lines = block["elements"].as_array().into_iter().flatten();
                    for part in lines.chain([&block["text"]]) {
                        let living = part["type"] == "mrkdwn" && part["verbatim"] != true;
                        assert!(!living, "{part}");
                    }
                }
            }
            _ => {
                assert_eq!(payload["allowed_mentions"], json!({"parse": []}));
                // A footer is no markup.
                for embed in payload["embeds"].as_array().expect("embeds") {
                    for part in [&embed["title"], &embed["description"], &payload["content"]] {
                        let part = part.as_str().unwrap_or_default();
                        assert!(
                            !part.contains("@everyone") && !part.contains("@here"),
                            "{part}"
                        );
                    }
                }
            }
        }
    }
    beside
        .stopped("told as text: no mention, no link, no preview")
        .await
}

pub async fn javascript_and_bidi_in_links() -> Stopped {
    let world = World::builder().held_clock().start().await;
    let beside = Bystander::beside(&world).await;
    let mut refused = Value::Null;
    for url in [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        " javascript:alert(1)",
        "java\tscript:alert(1)",
        "data:text/html,<script>1</script>",
        "vbscript:x",
        "file:///etc/passwd",
        "https:",
        "//evil.example",
        "https://good.example/\u{202E}gpj.exe",
        "https://good.example/\u{2066}\u{200F}",
    ] {
        let posted = world.post(&alert("disk_full", &json!({"url": url}))).await;
        assert_eq!(posted.status, 400, "{url}: {}", posted.body);
        refused = posted.body;
    }
    let change = json!({
        "url": "https://good.example/%E2%80%AEgpj.exe",
        "title": "<a href=\"javascript:alert(1)\">x</a> [x](javascript:alert(1)) <javascript:alert(1)|x>",
        "message": "\u{202E}gpj.exe",
    });
    for (destination, _, text, links) in read(&world, &beside, &alert("disk_full", &change)).await {
        let good = ["https://good.example/%E2%80%AEgpj.exe"];
        assert_eq!(links, good, "{destination}");
        assert!(
            text.contains("[x](javascript:alert(1))"),
            "{destination}: {text}"
        );
        // The override ends with the text that it came in.
        assert!(
            text.contains("\u{202E}gpj.exe\u{202C}"),
            "{destination}: {text:?}"
        );
    }
    beside.stopped(refused.to_string()).await
}

/// What nobody may find in output: all that a terminal obeys, or that turns text around.
fn harmful(text: &str) -> Option<char> {
    text.chars().find(|it| {
        (it.is_control() && *it != '\n')
            || matches!(it, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    })
}

/// In alerts, answers, files and arguments, and so in whatever a command prints about them.
pub async fn ansi_in_everything_a_terminal_shows() -> Stopped {
    let hostile = "\u{1b}[2J\u{1b}]0;x\u{7}\r\u{9b}31m\u{7f}\u{202e}evil\u{2066}\u{200f}";
    let bidi = "host\u{202e}gpj\u{200f}";
    let answer = Behaviour::Answer(404, Vec::new(), hostile.as_bytes().to_vec());
    let hook = Receiver::start([], answer).await;
    let world = World::builder().webhook(&hook).start().await;
    let beside = Bystander::beside(&world).await;
    let folder = Folder::new();
    let data = world.data().display().to_string();
    let command = program(UNDER_TEST).display().to_string();
    let ran = async |arguments: &[&str], input: &str| {
        let environment = [("CAMPANILE_DATA", data.as_str())];
        run(
            &command,
            arguments,
            folder.path(),
            &environment,
            input.as_bytes(),
        )
        .await
    };
    let change = json!({
        "title": hostile, "message": hostile, "entity": {"kind": "host", "value": bidi, "name": bidi},
        "source": bidi, "subtype": bidi,
    });
    let sent = alert("disk_full", &change).to_string();
    let in_value = json!({"entity": {"kind": "host", "value": hostile}});
    let mut refused = alert("disk_full", &in_value);
    refused[hostile] = json!(1);
    let alerts = json!([refused, change]).to_string();
    let configuration = "[[endpoint]]\nname = \"\\u001b[31m\"\ncomponent = \"\\u202e\\u009b\"\n";
    for (name, contents) in [
        ("hostile.json", alerts.as_str()),
        ("hostile.toml", configuration),
    ] {
        std::fs::write(folder.path().join(name), contents).expect("a file");
    }
    let sends = ran(&["alert", "send"], &sent).await;
    assert_eq!(sends.code, Some(0), "{sends:?}");
    beside.empty().await;
    let delivery = world.deliveries().await.remove(0).id;
    let rows: &[&[&str]] = &[
        &["delivery", "list"],
        &["delivery", "show", &delivery],
        &["dead-letter", "list"],
        &["recipient", "list"],
        &["recipient", "test", "hook"],
        &["recipient", "test", hostile],
        &["component", "inspect", hostile],
        &["delivery", "show", hostile],
        &["alert", "send", "hostile.json"],
        &["apply", "-f", "hostile.toml"],
        &["apply", "-f", hostile],
    ];
    for row in rows {
        for json in [None, Some("--json")] {
            let arguments: Vec<_> = row.iter().copied().chain(json).collect();
            let ran = ran(&arguments, "").await;
            assert!(!ran.out.is_empty() || !ran.err.is_empty(), "{arguments:?}");
            for text in [&ran.out, &ran.err] {
                assert_eq!(harmful(text), None, "{arguments:?}: {text:?}");
            }
        }
    }
    // It is shown, in letters: nothing is left out.
    let shown = ran(&["delivery", "show", &delivery], "").await.out;
    assert!(shown.contains("\\u{202e}"), "{shown}");
    beside.stopped("shown in letters: \\u{202e}").await
}
