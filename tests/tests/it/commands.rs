//! Every command, as a person and as a machine meets it: what it prints, what it refuses and with which
//! exit code.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use campanile::app::BUILTIN;
use campanile::demo::smtp::Settings;
use campanile_tests::smtp::{Mailbox, Security};
use campanile_tests::{Behaviour, Folder, Ran, Receiver, World, alert, run};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpSocket};

const PROGRAM: &str = env!("CARGO_BIN_EXE_campanile-under-test");

/// A token of Telegram's form, and nobody's.
const TOKEN: &str = "123456789:abcdefghijklmnopqrstuvwxyzABCDEFGHI";

/// A server with two recipients, and a folder to run commands in.
struct Desk {
    world: World,
    folder: Folder,
    data: String,
    /// They answer for as long as the test runs.
    destinations: [Receiver; 2],
}

impl Desk {
    /// `chat` is a Telegram chat whose messages arrive; `hook` is a webhook that answers `hook`.
    async fn new(hook: Behaviour) -> Self {
        let accepted = Behaviour::json(200, &json!({"ok": true, "result": {"message_id": 7}}));
        Self::with(accepted, hook).await
    }

    async fn with(chat: Behaviour, hook: Behaviour) -> Self {
        let (chat, hook) = (
            Receiver::start([], chat).await,
            Receiver::start([], hook).await,
        );
        let world = World::builder()
            .desired(json!({
                "endpoints": [
                    {"name": "bot", "component": "telegram", "params": {"token": TOKEN, "api": chat.url("")}},
                    {"name": "hook", "component": "webhook",
                     "params": {"url": hook.url("/hook"), "alerts_per_request": "1"}},
                ],
                "recipients": [
                    {"name": "chat", "endpoint": "bot", "params": {"chat": "-1001"}, "language": "en", "time_zone": "UTC"},
                    {"name": "hook", "endpoint": "hook", "language": "en", "time_zone": "UTC"},
                ],
                "networks": [{"allow": [chat.opening(), hook.opening()]}],
            }))
            .start()
            .await;
        let data = world.data().display().to_string();
        Self {
            world,
            folder: Folder::new(),
            data,
            destinations: [chat, hook],
        }
    }

    /// Posts so many alerts, and waits until nothing is on its way any more.
    async fn post(&self, count: usize) {
        for number in 0..count {
            let change = json!({"title": format!("alert {number}")});
            let posted = self.world.post(&alert("disk_full", &change)).await;
            assert_eq!(posted.status, 202, "{posted:?}");
        }
        self.world.wait_until_empty().await;
    }

    async fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, &[], b"").await
    }

    async fn run_with(
        &self,
        arguments: &[&str],
        environment: &[(&str, &str)],
        input: &[u8],
    ) -> Ran {
        let mut environment = environment.to_vec();
        environment.push(("CAMPANILE_DATA", &self.data));
        run(PROGRAM, arguments, self.folder.path(), &environment, input).await
    }

    /// Writes a file into the folder; commands name it as it is.
    fn file(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, contents).expect("a file");
        path
    }

    async fn ids(&self, arguments: &[&str]) -> Vec<String> {
        let ran = self
            .run(&[&["delivery", "list", "--json"], arguments].concat())
            .await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let list = ran.json();
        list.as_array()
            .expect("a list")
            .iter()
            .map(|delivery| delivery["id"].as_str().expect("an id").to_owned())
            .collect()
    }

    async fn recipients(&self) -> Value {
        self.run(&["recipient", "list", "--json"]).await.json()
    }
}

/// A folder in which no server ever ran.
async fn alone(arguments: &[&str]) -> Ran {
    run(PROGRAM, arguments, Folder::new().path(), &[], b"").await
}

fn builtin(name: &str) -> Vec<u8> {
    campanile::app::builtin(name)
        .expect("an example component")
        .to_vec()
}

/// The same component under another digest: a custom section more, which says nothing.
fn another_digest(wasm: &[u8]) -> Vec<u8> {
    [wasm, &[0, 5, 4, b'n', b'o', b't', b'e']].concat()
}

#[tokio::test]
async fn every_command_answers_people_in_words_and_machines_in_json() {
    let desk = Desk::new(Behaviour::status(404)).await;
    desk.post(1).await;
    let config = "[[recipient]]\nname = \"third\"\nendpoint = \"hook\"\n";
    desk.file("campanile.toml", config);
    desk.file("alert.json", alert("x", &json!({})).to_string());
    desk.file("telegram.wasm", builtin("telegram"));
    let delivery = desk.ids(&["--recipient", "chat"]).await.remove(0);
    let rows: &[(&[&str], &str)] = &[
        (
            &["component", "list"],
            "telegram  1.0.0    endpoint   built in",
        ),
        (
            &["component", "inspect", "telegram"],
            "send: POST the address in `api` /bot*/sendMessage",
        ),
        (&["component", "inspect", "flows"], "defines"),
        (
            &["component", "inspect", "telegram.wasm"],
            "campanile:alerts/delivery@",
        ),
        (
            &["component", "install", "telegram.wasm"],
            "already there: telegram 1.0.0",
        ),
        (&["recipient", "list"], "chat  bot"),
        (&["recipient", "test", "chat"], "the test message arrived"),
        (&["delivery", "list"], "delivered"),
        (
            &["delivery", "show", &delivery],
            "⟨secret token⟩/sendMessage",
        ),
        (&["dead-letter", "list"], "not-found"),
        (
            &["apply", "-f", "campanile.toml", "--dry-run"],
            "created recipient third\nthis was a dry run",
        ),
        (
            &["apply", "-f", "campanile.toml"],
            "created recipient third\n",
        ),
        (&["apply", "-f", "campanile.toml"], "nothing to change\n"),
        (&["alert", "send", "alert.json"], "accepted "),
        (
            &["dead-letter", "redrive", "--recipient", "hook"],
            "2 sent back into the queue",
        ),
    ];
    for (arguments, said) in rows {
        let ran = desk.run(arguments).await;
        assert_eq!(
            (ran.code, ran.err.as_str()),
            (Some(0), ""),
            "{arguments:?}: {ran:?}"
        );
        assert!(ran.out.contains(said), "{arguments:?}: {}", ran.out);
        desk.world.wait_until_empty().await;
    }
    for (arguments, _) in rows {
        let ran = desk.run(&[arguments, &["--json"][..]].concat()).await;
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{arguments:?}");
        let value = ran.json();
        assert!(value.is_array() || value.is_object(), "{arguments:?}");
        assert!(!ran.out.contains(TOKEN), "{arguments:?}");
    }
}

#[tokio::test]
async fn a_wrong_command_line_is_refused_with_what_is_wrong_in_it() {
    let rows: &[(&[&str], &str)] = &[
        (&["frobnicate"], "unrecognized subcommand 'frobnicate'"),
        (&["demo", "--twice"], "unexpected argument '--twice'"),
        (&["serve", "--listen", "nowhere"], "'nowhere' for '--listen"),
        (&["apply"], "--file <FILE>"),
        (&["component", "inspect"], "<COMPONENT>"),
        (&["recipient", "test"], "<NAME>"),
        (
            &["delivery", "list", "--limit", "many"],
            "'many' for '--limit",
        ),
        (
            &["delivery", "list", "--state", "deaf"],
            "[possible values: pending, delivered, dead, superseded]",
        ),
        (
            &["dead-letter", "redrive"],
            "<JOBS|--all|--recipient <RECIPIENT>>",
        ),
        (&["dead-letter", "redrive", "seven"], "'seven' for '[JOBS]"),
        (
            &["delivery", "list", "--server", "http://x"],
            "--token <TOKEN>",
        ),
        (&["completion", "dish"], "'dish' for '<SHELL>'"),
    ];
    for (arguments, said) in rows {
        let ran = alone(arguments).await;
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(ran.err.contains(said), "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains("--help"), "{arguments:?}: {}", ran.err);
    }
}

#[tokio::test]
async fn every_command_explains_itself() {
    let commands: &[&[&str]] = &[
        &[],
        &["demo"],
        &["serve"],
        &["apply"],
        &["alert", "send"],
        &["component", "list"],
        &["component", "inspect"],
        &["component", "install"],
        &["recipient", "list"],
        &["recipient", "test"],
        &["delivery", "list"],
        &["delivery", "show"],
        &["dead-letter", "list"],
        &["dead-letter", "redrive"],
        &["completion"],
    ];
    for command in commands {
        let ran = alone(&[command, &["--help"][..]].concat()).await;
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{command:?}");
        assert!(ran.out.contains("--json"), "{command:?}");
        for line in ran.out.lines() {
            assert!(line.len() <= 140, "{command:?}: {line}");
        }
    }
}

#[tokio::test]
async fn where_no_server_runs_a_command_says_what_to_do() {
    // Bound and not listening: nobody answers there, and nobody else gets the port.
    let silent = TcpSocket::new_v4().expect("a socket");
    silent
        .bind("127.0.0.1:0".parse().expect("an address"))
        .expect("a port");
    let address = silent.local_addr().expect("its address");
    let folder = Folder::new();
    let stopped = folder.path().join("stopped");
    std::fs::create_dir(&stopped).expect("a folder");
    let contact =
        json!({"url": format!("http://{address}"), "admin_token": "a", "ingest_token": "b"});
    std::fs::write(stopped.join("server.json"), contact.to_string()).expect("a file");
    std::fs::create_dir(folder.path().join("damaged")).expect("a folder");
    std::fs::write(folder.path().join("damaged/server.json"), "{").expect("a file");
    std::fs::write(folder.path().join("campanile.toml"), "").expect("a file");
    for arguments in [
        &["recipient", "list"][..],
        &["recipient", "test", "x"],
        &["component", "list"],
        &["component", "inspect", "x"],
        &["delivery", "list"],
        &["delivery", "show", "x"],
        &["dead-letter", "list"],
        &["dead-letter", "redrive", "--all"],
        &["alert", "send"],
        &["apply", "-f", "campanile.toml"],
    ] {
        for (data, said) in [
            (
                "never",
                "no server has run in never: start one with `campanile serve --data never`",
            ),
            (
                "stopped",
                "start it with `campanile serve`, or name another with --server",
            ),
            ("damaged", "damaged/server.json is damaged"),
        ] {
            let all = [arguments, &["--data", data]].concat();
            let ran = run(PROGRAM, &all, folder.path(), &[], b"{}").await;
            assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{all:?}");
            assert!(ran.err.starts_with("error: "), "{all:?}: {}", ran.err);
            assert!(ran.err.contains(said), "{all:?}: {}", ran.err);
        }
    }
    let over_tls = ["recipient", "list", "--server", "https://x", "--token", "t"];
    let ran = alone(&over_tls).await;
    assert!(
        ran.err
            .contains("expected an address such as http://127.0.0.1:8300"),
        "{ran:?}"
    );
}

#[tokio::test]
async fn what_a_command_names_and_is_not_there_is_said_by_name() {
    let desk = Desk::new(Behaviour::status(200)).await;
    let rows: &[(&[&str], &str)] = &[
        (
            &["recipient", "test", "nobody"],
            "there is no recipient `nobody`; `campanile apply` makes one",
        ),
        (
            &["recipient", "test", "../chat"],
            "there is no recipient `../chat`",
        ),
        (
            &["delivery", "list", "--recipient", "nobody"],
            "there is no recipient `nobody`",
        ),
        (&["delivery", "show", "0"], "there is no delivery `0`"),
        (
            &["dead-letter", "list", "--recipient", "nobody"],
            "there is no recipient `nobody`",
        ),
        (
            &["dead-letter", "list", "--before", "x"],
            "`before` is the number of a job",
        ),
        (
            &["dead-letter", "redrive", "--recipient", "nobody"],
            "there is no recipient `nobody`",
        ),
        (
            &["dead-letter", "redrive", "7", "7"],
            "1 of 1 are no dead letters",
        ),
        (
            &["component", "inspect", "nothing"],
            "no component `nothing` is installed",
        ),
        (
            &["component", "inspect", "nothing.wasm"],
            "nothing.wasm cannot be read: No such file",
        ),
        (
            &["component", "install", "nothing.wasm"],
            "nothing.wasm cannot be read: No such file",
        ),
        (
            &["alert", "send", "nothing.json"],
            "nothing.json cannot be read: No such file",
        ),
        (
            &["apply", "-f", "nothing.toml"],
            "nothing.toml: cannot be read: No such file",
        ),
        (
            &[
                "recipient",
                "list",
                "--server",
                &desk.world.url(""),
                "--token",
                "wrong",
            ],
            "does not know this token",
        ),
    ];
    for (arguments, said) in rows {
        let ran = desk.run(arguments).await;
        assert_eq!(ran.code, Some(1), "{arguments:?}: {ran:?}");
        assert!(ran.err.starts_with("error: "), "{arguments:?}: {ran:?}");
        assert!(ran.err.contains(said), "{arguments:?}: {}", ran.err);
    }
}

#[tokio::test]
async fn a_mistake_in_a_configuration_is_said_with_file_line_and_key_and_what_runs_stays() {
    let desk = Desk::new(Behaviour::status(200)).await;
    let before = desk.recipients().await;
    let new = "[[recipient]]\nname = \"new\"\nendpoint = \"hook\"\n";
    let rows = [
        (
            "colour = \"red\"",
            "4: recipient[0].colour: unknown field `colour`",
        ),
        (
            "params = 7",
            "4: recipient[0].params: invalid type: integer `7`",
        ),
        (
            "language = true",
            "4: recipient[0].language: invalid type: boolean `true`",
        ),
        (
            "filter = { min_severity = \"bad\" }",
            "4: recipient[0].filter.min_severity: unknown variant `bad`",
        ),
        (
            "params.x = { env = \"NOT_SET_ANYWHERE\" }",
            "4: recipient[0].params.x: the environment variable NOT_SET_ANYWHERE is not set",
        ),
        (
            "params.x = { file = \"secrets/none\" }",
            "4: recipient[0].params.x: secrets/none cannot be read",
        ),
        (
            "[[endpoint]]\nname = \"e\"",
            "4: endpoint[0]: missing field `component`",
        ),
        (
            "[[network]]\nallow = [\"127.0.0.0/8:1\"]",
            "5: network[0].allow[0]: ",
        ),
        (
            "[[token]]\nname = \"t\"\nvalue = \"short\"",
            "6: token[0].value: a token has at least 16 characters, this one has 5",
        ),
        ("[sever]", "4: sever: unknown field `sever`"),
        ("name = \"again\"", "4: "),
        ("= 3", "4: "),
    ];
    for (wrong, said) in rows {
        desk.file("bad.toml", format!("{new}{wrong}\n"));
        for arguments in [
            &["apply", "-f", "bad.toml"][..],
            &["apply", "-f", "bad.toml", "--dry-run", "--json"],
            &[
                "serve",
                "--config",
                "bad.toml",
                "--data",
                "other",
                "--listen",
                "127.0.0.1:0",
            ],
        ] {
            let ran = desk.run(arguments).await;
            assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{wrong}");
            let expected = format!("error: bad.toml:{said}");
            assert!(ran.err.starts_with(&expected), "{wrong}: {}", ran.err);
        }
    }
    assert_eq!(desk.recipients().await, before);
    assert!(
        !desk.folder.path().join("other").exists(),
        "nothing was started"
    );
    desk.post(1).await;
    assert_eq!(desk.ids(&["--state", "delivered"]).await.len(), 2);
}

#[tokio::test]
async fn a_mistake_in_parameters_is_said_in_the_readers_language_and_nothing_is_stored() {
    let desk = Desk::new(Behaviour::status(200)).await;
    let before = desk.recipients().await;
    let config = "[[recipient]]\nname = \"fine\"\nendpoint = \"hook\"\n\
        [[recipient]]\nname = \"none\"\nendpoint = \"bot\"\n\
        [[recipient]]\nname = \"odd\"\nendpoint = \"bot\"\nparams = { chat = \"noc\" }\n\
        [[recipient]]\nname = \"more\"\nendpoint = \"bot\"\nparams = { chat = \"1\", colour = \"red\" }\n\
        [[recipient]]\nname = \"far\"\nendpoint = \"elsewhere\"\n\
        [[recipient]]\nname = \"zone\"\nendpoint = \"hook\"\ntime_zone = \"Mars\"\n";
    desk.file("bad.toml", config);
    for (language, said) in [
        (
            "en_GB.UTF-8",
            [
                "recipient none: chat: Chat is required.",
                "recipient odd: chat: noc is neither the number of a chat nor the @name of a channel.",
                "recipient more: colour: colour is not a known parameter.",
                "recipient far: there is no endpoint elsewhere",
                "recipient zone: Mars is not a time zone such as Europe/Rome",
            ],
        ),
        (
            "it_IT.UTF-8",
            [
                "destinatario none: chat: Chat: il valore è obbligatorio.",
                "destinatario odd: chat: noc",
                "destinatario more: colour: colour: il parametro non è noto.",
                "destinatario far: ",
                "destinatario zone: ",
            ],
        ),
    ] {
        let ran = desk
            .run_with(&["apply", "-f", "bad.toml"], &[("LANG", language)], b"")
            .await;
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
        let lines: Vec<_> = ran.err.lines().collect();
        let first = match language {
            "it_IT.UTF-8" => "errore: nulla è stato cambiato:",
            _ => "error: nothing was changed:",
        };
        assert_eq!(lines[0], first);
        assert_eq!(lines.len(), 1 + said.len(), "{}", ran.err);
        for (line, said) in lines[1..].iter().zip(said) {
            assert!(line.starts_with(said), "{line}: {said}");
        }
    }
    assert_eq!(desk.recipients().await, before);
}

#[tokio::test]
async fn a_dry_run_shows_the_difference_and_changes_nothing_at_all() {
    let desk = Desk::new(Behaviour::status(200)).await;
    desk.file("own.wasm", another_digest(&builtin("webhook")));
    let bot = format!(
        "[[endpoint]]\nname = \"bot\"\ncomponent = \"telegram\"\nparams = {{ token = \"{TOKEN}\", api = \"{}\" }}\n",
        desk.destinations[0].url("")
    );
    let config = |component: &str, chat: &str| {
        format!(
            "[[endpoint]]\nname = \"own\"\ncomponent = \"{component}\"\nparams.url = \"https://hooks.example/x\"\n\
             [[recipient]]\nname = \"own\"\nendpoint = \"own\"\n\
             [[recipient]]\nname = \"chat\"\nendpoint = \"bot\"\nparams = {{ chat = \"{chat}\" }}\n"
        )
    };
    desk.file("campanile.toml", config("own.wasm", "-1002") + &bot);
    let count = async || {
        let components = desk.run(&["component", "list", "--json"]).await.json();
        let recipients = desk.recipients().await;
        [components, recipients].map(|list| list.as_array().map_or(0, Vec::len))
    };
    let difference = "created component webhook 1.0.0\ncreated endpoint own\ncreated recipient own\nchanged recipient chat\n";
    let pruned = "removed recipient hook\nremoved endpoint hook\nremoved network\n";
    let note = "this was a dry run: nothing was changed\n";
    let before = count().await;
    for _ in 0..2 {
        let ran = desk
            .run(&["apply", "-f", "campanile.toml", "--dry-run"])
            .await;
        assert_eq!(ran.code, Some(0));
        let asked = ran.out.strip_prefix(difference).expect("what would change");
        let asked = asked.strip_suffix(note).expect("that it was a dry run");
        assert!(
            asked.starts_with("endpoint own: the component webhook 1.0.0 ("),
            "{asked}"
        );
        let arguments = ["apply", "-f", "campanile.toml", "--dry-run", "--prune"];
        let ran = desk.run(&arguments).await;
        assert_eq!(ran.code, Some(0));
        assert!(
            ran.out.starts_with(difference) && ran.out.ends_with(note),
            "{}",
            ran.out
        );
        for line in pruned.lines() {
            assert!(ran.out.contains(line), "{line}: {}", ran.out);
        }
        assert_eq!(count().await, before);
    }
    // A mistake beside it leaves the component out too, and so does one that pruning would make.
    for (chat, prune, said) in [
        ("noc", None, "recipient chat: chat: noc is neither"),
        (
            "-1002",
            Some("--prune"),
            "recipient chat: its endpoint is not described, and pruning would remove it",
        ),
    ] {
        desk.file("bad.toml", config("own.wasm", chat));
        let arguments: Vec<_> = ["apply", "-f", "bad.toml"]
            .into_iter()
            .chain(prune)
            .collect();
        let ran = desk.run(&arguments).await;
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
        assert!(ran.err.contains(said), "{}", ran.err);
        assert_eq!(count().await, before);
    }

    let ran = desk.run(&["apply", "-f", "campanile.toml", "--yes"]).await;
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), difference));
    assert_eq!(count().await, [before[0] + 1, before[1] + 1]);
    let ran = desk.run(&["apply", "-f", "campanile.toml"]).await;
    assert_eq!(ran.out, "nothing to change\n");
    let ran = desk
        .run(&["apply", "-f", "campanile.toml", "--prune"])
        .await;
    assert!(ran.out.contains("removed recipient hook\n"), "{}", ran.out);
    assert_eq!(count().await, [before[0] + 1, before[1]]);
}

#[tokio::test]
async fn alerts_are_sent_from_a_file_or_standard_input_and_each_is_judged_apart() {
    let desk = Desk::new(Behaviour::status(200)).await;
    let good = alert("disk_full", &json!({}));
    let bad = alert("disk_full", &json!({"severity": "loud"}));
    let both = json!([good, bad]).to_string();
    let file = desk.file("alerts.json", &both);
    let file = file.display().to_string();
    for (arguments, input) in [
        (&["alert", "send", &file][..], ""),
        (&["alert", "send", "-"], both.as_str()),
        (&["alert", "send"], both.as_str()),
    ] {
        let ran = desk.run_with(arguments, &[], input.as_bytes()).await;
        assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""), "{ran:?}");
        let lines: Vec<_> = ran.out.lines().collect();
        assert_eq!(lines.len(), 2, "{}", ran.out);
        assert!(lines[0].starts_with("accepted "), "{}", ran.out);
        assert!(
            lines[1].starts_with("refused $[1].severity: "),
            "{}",
            ran.out
        );
    }
    let ran = desk
        .run_with(&["alert", "send", "--json"], &[], both.as_bytes())
        .await;
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.json()["accepted"][0]["index"], 0);
    assert_eq!(ran.json()["refused"][0]["index"], 1);

    for (input, said) in [
        (bad.to_string(), "severity: "),
        (String::from("{"), "not JSON"),
        (String::new(), "not JSON"),
        (String::from("7"), "$"),
    ] {
        let ran = desk
            .run_with(&["alert", "send"], &[], input.as_bytes())
            .await;
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{input}");
        assert!(ran.err.contains(said), "{input}: {}", ran.err);
    }
    desk.world.wait_until_empty().await;
    assert_eq!(desk.ids(&["--recipient", "hook"]).await.len(), 4);
}

#[tokio::test]
async fn what_is_no_component_is_refused_with_what_was_expected() {
    let desk = Desk::new(Behaviour::status(200)).await;
    let wasm = builtin("telegram");
    let older = replaced(
        &wasm,
        b"campanile:alerts/params@0.1.0",
        b"campanile:alerts/params@0.0.9",
    );
    let mistaken = replaced(&wasm, b"sendMessage\",\"/bot", b"sendMessage\",\"\\bot");
    let rows: [(&str, &[u8], &str); 7] = [
        (
            "garbage.wasm",
            b"hello\n",
            "this is not a WebAssembly component: it begins with",
        ),
        ("empty.wasm", b"", "this is not a WebAssembly component"),
        (
            "module.wasm",
            b"\0asm\x01\0\0\0",
            "this is a core module, not a component; expected a component",
        ),
        (
            "bare.wasm",
            b"\0asm\x0d\0\x01\0",
            "the component exports nothing; expected `campanile:alerts/endpoint@",
        ),
        (
            "cut.wasm",
            &wasm[..wasm.len() / 2],
            "the component is damaged",
        ),
        ("older.wasm", &older, "campanile:alerts/params@0.0.9"),
        ("mistaken.wasm", &mistaken, "the manifest has mistakes:"),
    ];
    for (name, bytes, said) in rows {
        desk.file(name, bytes);
        for (command, begin) in [
            (
                ["component", "inspect", name],
                format!("error: {name} is refused: "),
            ),
            (["component", "install", name], format!("error: {name}: ")),
        ] {
            let ran = desk.run(&command).await;
            assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{command:?}");
            assert!(ran.err.starts_with(&begin), "{command:?}: {}", ran.err);
            assert!(ran.err.contains(said), "{command:?}: {}", ran.err);
        }
    }
    let components = desk.run(&["component", "list", "--json"]).await.json();
    assert_eq!(components.as_array().map(Vec::len), Some(BUILTIN.len()));
}

/// The bytes with one text in place of another of the same length.
fn replaced(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let mut bytes = bytes.to_vec();
    let places: Vec<_> = bytes
        .windows(old.len())
        .enumerate()
        .filter(|(_, window)| *window == old)
        .map(|(at, _)| at)
        .collect();
    assert!(!places.is_empty(), "{}", String::from_utf8_lossy(old));
    for at in places {
        bytes[at..at + new.len()].copy_from_slice(new);
    }
    bytes
}

#[tokio::test]
async fn deliveries_are_shown_in_pages_and_narrowed_by_recipient_and_state() {
    let desk = Desk::new(Behaviour::status(404)).await;
    desk.post(5).await;
    let all = desk.ids(&[]).await;
    assert_eq!(all.len(), 10);
    let mut pages = Vec::new();
    let mut before = Vec::new();
    for expected in [4, 4, 2, 0] {
        let mut arguments = vec!["--limit", "4"];
        arguments.extend(before.iter().map(String::as_str));
        let page = desk.ids(&arguments).await;
        assert_eq!(page.len(), expected);
        if let Some(last) = page.last() {
            before = vec![String::from("--before"), last.clone()];
        }
        pages.extend(page);
    }
    assert_eq!(pages, all, "newest first, none twice, none left out");
    for (arguments, count) in [
        (&["--recipient", "hook"][..], 5),
        (&["--state", "dead"], 5),
        (&["--state", "delivered"], 5),
        (&["--state", "pending"], 0),
        (&["--recipient", "hook", "--state", "delivered"], 0),
        (
            &["--recipient", "hook", "--state", "dead", "--limit", "3"],
            3,
        ),
    ] {
        assert_eq!(desk.ids(arguments).await.len(), count, "{arguments:?}");
    }
    let empty = desk.run(&["delivery", "list", "--state", "pending"]).await;
    assert_eq!(empty.out, "no deliveries\n");

    let dead = desk
        .ids(&["--state", "dead", "--limit", "1"])
        .await
        .remove(0);
    let shown = desk.run(&["delivery", "show", &dead]).await.out;
    for said in [
        "recipient hook\n",
        "state     dead\n",
        "⟨secret url⟩",
        "rejected",
        "not-found",
        "404",
    ] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    assert!(!shown.contains("/hook"), "{shown}");
}

#[tokio::test]
async fn dead_letters_are_shown_and_sent_again() {
    let desk = Desk::new(Behaviour::status(404)).await;
    assert_eq!(
        desk.run(&["dead-letter", "list"]).await.out,
        "no dead letters\n"
    );
    desk.post(3).await;
    let jobs = async |arguments: &[&str]| {
        let ran = desk
            .run(&[&["dead-letter", "list", "--json"], arguments].concat())
            .await;
        let list = ran.json();
        let jobs = list.as_array().expect("a list").iter();
        jobs.map(|letter| letter["job"].to_string())
            .collect::<Vec<_>>()
    };
    let all = jobs(&[]).await;
    assert_eq!(all.len(), 3);
    assert_eq!(jobs(&["--limit", "2"]).await, all[..2]);
    assert_eq!(jobs(&["--before", &all[1]]).await, all[2..]);
    assert_eq!(jobs(&["--recipient", "chat"]).await.len(), 0);

    let ran = desk
        .run(&["dead-letter", "redrive", &all[0], "999999"])
        .await;
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (Some(1), "1 sent back into the queue\n")
    );
    assert!(
        ran.err.starts_with("error: 1 of 2 are no dead letters"),
        "{}",
        ran.err
    );
    desk.world.wait_until_empty().await;
    let ran = desk.run(&["dead-letter", "redrive", "--all"]).await;
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (Some(0), "3 sent back into the queue\n")
    );
    desk.world.wait_until_empty().await;
    assert_eq!(desk.ids(&["--recipient", "hook"]).await.len(), 3 + 1 + 3);
    let ran = desk
        .run(&["dead-letter", "redrive", "--recipient", "chat"])
        .await;
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (Some(0), "0 sent back into the queue\n")
    );
}

#[tokio::test]
async fn a_test_message_is_shown_with_its_secrets_as_holes_and_with_what_came_back() {
    for (answer, code, said) in [
        (
            Behaviour::json(200, &json!({"ok": true, "result": {"message_id": 7}})),
            0,
            "-> 200\n",
        ),
        (
            Behaviour::json(
                403,
                &json!({"ok": false, "description": "Forbidden: bot was kicked"}),
            ),
            1,
            "Forbidden: bot was kicked",
        ),
        (
            Behaviour::Close,
            1,
            "-> not sent, or not answered: answer-lost",
        ),
        // A destination that gives the secret back is not quoted.
        (
            Behaviour::Answer(200, Vec::new(), format!("mirror {TOKEN}").into_bytes()),
            0,
            "-> 200\n",
        ),
    ] {
        let desk = Desk::with(answer, Behaviour::status(200)).await;
        let ran = desk.run(&["recipient", "test", "chat"]).await;
        assert_eq!((ran.code, ran.err.as_str()), (Some(code), ""), "{ran:?}");
        assert!(
            ran.out.contains("/bot⟨secret token⟩/sendMessage\n"),
            "{}",
            ran.out
        );
        assert!(
            ran.out
                .contains("Alerts for chat will arrive in this chat."),
            "{}",
            ran.out
        );
        assert!(ran.out.contains(said), "{}", ran.out);
        let end = if code == 0 {
            "arrived\n"
        } else {
            "did not arrive\n"
        };
        assert!(ran.out.ends_with(end), "{}", ran.out);
        assert!(
            !ran.out.contains(TOKEN) && !ran.out.contains("mirror"),
            "{}",
            ran.out
        );
    }
}

#[tokio::test]
async fn an_output_that_nobody_reads_is_no_reason_to_panic() {
    let desk = Desk::new(Behaviour::status(404)).await;
    desk.post(2).await;
    let mail = mail_is_there().await;
    for arguments in [
        &["demo", "--once", "--listen", "127.0.0.1:0"][..],
        &["demo", "--once", "--listen", "127.0.0.1:0", "--json"],
        &["completion", "bash"],
        &["component", "inspect", "telegram"],
        &["component", "list", "--json"],
        &["delivery", "list"],
        &["dead-letter", "list"],
        &["recipient", "test", "chat"],
        &["--help"],
    ] {
        let mut child = tokio::process::Command::new(PROGRAM)
            .args(arguments)
            .env("CAMPANILE_DATA", &desk.data)
            .env("TMPDIR", desk.folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().await.expect("it ends");
        let said = String::from_utf8_lossy(&output.stderr);
        let left_out = !mail && arguments[0] == "demo";
        let lines = usize::from(left_out);
        assert_eq!(
            (output.status.code(), said.lines().count()),
            (Some(0), lines),
            "{arguments:?}: {said}"
        );
    }
}

#[tokio::test]
async fn colours_are_for_those_who_want_them() {
    for (environment, coloured) in [
        (&[][..], false),
        (&[("CLICOLOR_FORCE", "1")], true),
        (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
    ] {
        let folder = Folder::new();
        let ran = run(
            PROGRAM,
            &["demo", "--twice"],
            folder.path(),
            environment,
            b"",
        )
        .await;
        assert_eq!(ran.err.contains('\u{1b}'), coloured, "{environment:?}");
    }
}

#[tokio::test]
async fn a_shell_can_complete_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        let ran = alone(&["completion", shell]).await;
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{shell}");
        for word in ["campanile", "serve", "dead-letter", "redrive", "dry-run"] {
            assert!(ran.out.contains(word), "{shell}: {word}");
        }
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_said_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    let ran = alone(&["serve", "--listen", &address, "--data", "data"]).await;
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""));
    let said = format!("cannot listen on {address}; choose with --listen");
    assert!(ran.err.contains(&said), "{}", ran.err);
}

/// Whether the demo shows mail. Its server's package is installed by now, so that it says nothing of that.
async fn mail_is_there() -> bool {
    let settings = Settings::open(Security::Plain);
    Mailbox::start(settings).await.is_some()
}

/// Runs the demo with a folder of its own for temporary files, which it must leave empty.
async fn demo_with(arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
    let folder = Folder::new();
    let temporary: &Path = folder.path();
    let environment = [
        &[("TMPDIR", temporary.to_str().expect("a path"))],
        environment,
    ]
    .concat();
    let all = [&["demo", "--once"], arguments].concat();
    let ran = run(PROGRAM, &all, temporary, &environment, b"").await;
    let left = std::fs::read_dir(temporary).expect("a folder").count();
    assert_eq!(left, 0, "the demo leaves nothing behind");
    for secret in ["demo-token-of-nobody", "demo-password-of-nobody"] {
        assert!(!ran.out.contains(secret), "{}", ran.out);
    }
    ran
}

/// The demo with all that it can show, which says nothing of what it leaves out.
async fn demo(arguments: &[&str]) -> Ran {
    let mail = mail_is_there().await;
    let ran = demo_with(arguments, &[]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.err.contains("leaves out mail"), !mail, "{ran:?}");
    assert_eq!(ran.err.lines().count(), usize::from(!mail), "{ran:?}");
    ran
}

#[tokio::test]
async fn the_demo_shows_whole_requests_of_all_receivers_in_both_languages() {
    let ran = demo(&["--listen", "127.0.0.1:0"]).await;
    for said in [
        "── Bot API server, request 6 of 6\n",
        "── webhook receiver, request 1 of ",
        "\nPOST /bot⟨secret token⟩/sendMessage HTTP/1.1\n",
        "\nPOST /hooks/campanile HTTP/1.1\n",
        "\ncontent-type: application/json\n",
        "\nwebhook-signature: v1,",
        "\"chat_id\":\"-1001\"",
        "is a flow flooder [1,081 &gt; 256 flows sent]",
        "sta inondando la rete di flussi [1.081 &gt; 256 flussi inviati]",
        "&lt;b&gt;R&amp;D &quot;lab&quot;&lt;/b&gt;",
        "── Slack server, request 1 of ",
        "\nPOST /api/chat.postMessage HTTP/1.1\n",
        "\nauthorization: Bearer ⟨secret token⟩\n",
        "── Discord server, request 1 of ",
        "\nPOST /⟨secret webhook⟩?wait=true&thread_id=1001 HTTP/1.1\n",
        "requests arrived and are right",
    ] {
        assert!(ran.out.contains(said), "{said}: {}", ran.out);
    }
    if mail_is_there().await {
        for said in [
            "── mail server, mail 6 of 6\n",
            "RCPT TO:<noc@campanile.example>\n",
            "\nSubject: Error: Blacklisted Flow (",
            "\nSubject: Rientrato: Inondazione di flussi (",
            "\n[text/plain]\n",
            "\n[text/html]\n",
            "<b>R&D \"lab\"</b>",
            "\n6 mails arrived through TLS and are right",
        ] {
            assert!(ran.out.contains(said), "{said}: {}", ran.out);
        }
    }
}

#[tokio::test]
async fn the_demo_speaks_json_to_machines() {
    let ran = demo(&["--listen", "127.0.0.1:0", "--json"]).await;
    let shown = ran.json();
    assert_eq!(shown["mistakes"], json!([]));
    let received = shown["received"].as_array().expect("requests");
    assert!(received.len() >= 8, "{}", received.len());
    for request in received {
        // An end may edit the message that announced it.
        let method = request["method"].as_str().expect("a method");
        assert!(["POST", "PATCH"].contains(&method), "{method}");
        let body = request["body"].as_str().expect("a body");
        assert!(serde_json::from_str::<Value>(body).is_ok(), "{body}");
        assert!(!request["headers"].as_array().expect("headers").is_empty());
    }
    let mails = shown["mails"].as_array().expect("mails");
    assert_eq!(mails.len(), if mail_is_there().await { 6 } else { 0 });
    for mail in mails {
        assert_eq!(
            (&mail["tls"], mail["parts"].as_array().map(Vec::len)),
            (&json!(true), Some(3))
        );
    }
}

#[tokio::test]
async fn where_mail_cannot_be_shown_the_demo_says_what_helps_and_goes_on() {
    let arguments = ["--listen", "127.0.0.1:0"];
    let nothing = ("PATH", "/nowhere");
    let ran = demo_with(&arguments, &[nothing]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(
        ran.err,
        "The demo leaves out mail: Python 3.9 or later is not here; to get it: apt install python3 python3-aiosmtpd\n"
    );
    assert!(
        ran.out.contains("requests arrived and are right"),
        "{ran:?}"
    );
    assert!(!ran.out.contains("mail server"), "{ran:?}");
    let ran = demo_with(&arguments, &[nothing, ("CAMPANILE_REQUIRE_TOOLS", "1")]).await;
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
    assert!(
        ran.err.contains("Python 3.9 or later is not here"),
        "{ran:?}"
    );
}

#[tokio::test]
async fn two_demos_at_once_do_not_meet_even_where_their_port_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    let arguments = ["--listen", address.as_str()];
    let (one, other) = tokio::join!(demo(&arguments), demo(&arguments));
    for ran in [one, other] {
        assert!(ran.out.contains("requests arrived and are right"));
    }
}

#[tokio::test]
async fn a_recipients_own_texts_are_listed_and_a_mistake_in_one_is_said_with_its_field() {
    let desk = Desk::new(Behaviour::status(200)).await;
    let list = desk.run(&["recipient", "list"]).await;
    assert!(!list.out.contains("title"), "{}", list.out);
    let config = |title: &str| {
        format!(
            "[[recipient]]\nname = \"own\"\nendpoint = \"hook\"\ntitle = \"{title}\"\n\
             message = \"\"\"\n%{{message}}\n%{{url}}\"\"\"\n"
        )
    };
    desk.file("own.toml", config("[%{severity}] %{titel}"));
    let apply = ["apply", "-f", "own.toml"];
    let ran = desk.run(&apply).await;
    assert_ne!(ran.code, Some(0), "{ran:?}");
    let said = "recipient own: title: there is no hole %{titel}; there are: %{title}, ";
    assert!(ran.err.contains(said), "{}", ran.err);
    desk.file("own.toml", config("[%{severity}] %{title}"));
    let ran = desk.run(&apply).await;
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    let list = desk.run(&["recipient", "list"]).await;
    for said in ["title", "[%{severity}] %{title}", "%{message}\\n%{url}"] {
        assert!(list.out.contains(said), "{said}: {}", list.out);
    }
}
