//! What CONTRIBUTING.md tells the author of a new endpoint, done as it stands there: a copy of Telegram's
//! folder is renamed, tested, built, looked at and run.

use std::path::{Path, PathBuf};
use std::time::Duration;

use campanile_tests::{Behaviour, Folder, Process, Receiver, run};
use serde_json::json;

const PROGRAM: &str = env!("CARGO_BIN_EXE_campanile-under-test");

/// A token of Telegram's form, and nobody's.
const TOKEN: &str = "123456789:abcdefghijklmnopqrstuvwxyzABCDEFGHI";

/// How long `cargo` may take, on a slow machine where nothing is built yet.
const BUILD: Duration = Duration::from_secs(600);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The code blocks of CONTRIBUTING.md in this language, without their indentation.
fn blocks(language: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join("CONTRIBUTING.md")).expect("the guide");
    let (mut blocks, mut open) = (Vec::new(), None::<String>);
    for line in text.lines().map(str::trim) {
        match &mut open {
            Some(block) if line == "```" => {
                blocks.push(std::mem::take(block));
                open = None;
            }
            Some(block) => *block += &format!("{line}\n"),
            None if line == format!("```{language}") => open = Some(String::new()),
            None => {}
        }
    }
    blocks
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).expect("a file");
        }
    }
}

/// A workspace with the copied folder alone, which takes all else from this one: always at the same place,
/// so that `cargo` finds again what it built.
fn workspace() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("newcomer");
    let _ = std::fs::remove_dir_all(&folder);
    copy(
        &root().join("example-endpoints/telegram"),
        &folder.join("example-endpoints/chat"),
    );
    for file in ["Cargo.lock", "rust-toolchain.toml"] {
        std::fs::copy(root().join(file), folder.join(file)).expect("a file");
    }
    copy(&root().join(".cargo"), &folder.join(".cargo"));
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("the workspace");
    let (head, rest) = manifest.split_once("members = [").expect("its members");
    let (_, rest) = rest.split_once(']').expect("their end");
    let root = root().canonicalize().expect("a path");
    let rest = rest
        .replace("path = \"", &format!("path = \"{}/", root.display()))
        .replace("exclude = [", "# exclude = [");
    let manifest = format!("{head}members = [\"example-endpoints/chat\"]{rest}");
    std::fs::write(folder.join("Cargo.toml"), manifest).expect("a file");
    folder
}

/// Runs a line of the guide as a shell would, and returns what it printed.
async fn shell(folder: &Path, line: &str, environment: &[(&str, &Path)]) -> String {
    let mut command = tokio::process::Command::new("sh");
    command
        .args(["-euc", line])
        .current_dir(folder)
        .env("CARGO_NET_OFFLINE", "true")
        .kill_on_drop(true);
    // The flags of the outer build are for this machine, not for WebAssembly.
    if line.contains("wasm32") {
        command
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS");
    }
    for (name, value) in environment {
        command.env(name, value);
    }
    let output = tokio::time::timeout(BUILD, command.output()).await;
    let output = output.expect("it ends").expect("a shell");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{line}\n{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    said
}

#[tokio::test]
async fn a_copy_of_telegrams_folder_becomes_an_endpoint_by_following_the_guide() {
    let guide = std::fs::read_to_string(root().join("CONTRIBUTING.md")).expect("the guide");
    let folder = workspace();
    let chat = folder.join("example-endpoints/chat");
    // Beside this very program, so that what both need is built once.
    let target = Path::new(PROGRAM).ancestors().nth(2).expect("a folder");

    let manifest = std::fs::read_to_string(chat.join("Cargo.toml")).expect("a manifest");
    assert!(guide.contains("`name = \"campanile-chat\"`"));
    let manifest = manifest.replace("name = \"campanile-telegram\"", "name = \"campanile-chat\"");
    std::fs::write(chat.join("Cargo.toml"), manifest).expect("a manifest");
    let rename = &blocks("sh")[0];
    assert!(rename.starts_with("grep -rl '\"telegram"), "{rename}");
    shell(&folder, rename, &[]).await;

    let test = "cargo test -p campanile-chat";
    assert!(guide.contains(&format!("`{test}`")));
    let tested = shell(&folder, test, &[("CARGO_TARGET_DIR", target)]).await;
    let one = "an_alert_becomes_one_message_with_the_token_as_a_hole ... ok";
    assert!(tested.contains(one), "{tested}");

    let build = "cargo build --profile component --target wasm32-wasip2 -p campanile-chat";
    assert!(guide.contains(&format!("`{build}`")));
    let components = target.join("components");
    shell(&folder, build, &[("CARGO_TARGET_DIR", &components)]).await;
    let built = "wasm32-wasip2/component/campanile_chat.wasm";
    assert!(guide.contains(&format!("`target/{built}`")));

    // Where the guide says it is: the configuration names it by that path.
    let place = Folder::new();
    let wasm = place.path().join("target").join(built);
    std::fs::create_dir_all(wasm.parent().expect("a folder")).expect("a folder");
    std::fs::copy(components.join(built), &wasm).expect("the component");
    let inspect = ["component", "inspect", wasm.to_str().expect("a path")];
    let shown = run(PROGRAM, &inspect, place.path(), &[], b"").await;
    assert_eq!(shown.code, Some(0), "{shown:?}");
    for said in ["chat 1.0.0  Telegram\n", "Bot token", "path of send"] {
        assert!(shown.out.contains(said), "{said}: {}", shown.out);
    }
    // Every key has its words: none is shown as it is.
    for key in [" telegram.", " chat."] {
        assert!(!shown.out.contains(key), "{key}: {}", shown.out);
    }

    let answer = json!({"ok": true, "result": {"message_id": 7}});
    let receiver = Receiver::start([], Behaviour::json(200, &answer)).await;
    let config = &blocks("toml")[0];
    let token = "token = { env = \"CHAT_TOKEN\" }";
    assert!(config.contains(token), "{config}");
    let config = config.replace(token, &format!("{token}, api = \"{}\"", receiver.url("")));
    let config = format!(
        "{config}[[network]]\nallow = [\"{}\"]\n",
        receiver.opening()
    );
    let file = place.path().join("chat.toml");
    std::fs::write(&file, config).expect("a file");
    let data = place.path().join("campanile-data");
    let environment = [("CHAT_TOKEN", TOKEN)];
    let process = Process::start(PROGRAM, &data, Some(&file), &environment).await;

    let sent = &blocks("sh")[2];
    let alert = sent.split('\'').nth(1).expect("the guide's alert");
    let ran = run(
        PROGRAM,
        &["alert", "send", "-"],
        place.path(),
        &[],
        alert.as_bytes(),
    )
    .await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let requests = receiver.wait_for(1).await;
    assert_eq!(requests[0].path, format!("/bot{TOKEN}/sendMessage"));
    assert_eq!(requests[0].json()["chat_id"], "-1001234567890");
    let text = requests[0].json()["text"].to_string();
    assert!(text.contains("Hello"), "{text}");

    let ran = run(
        PROGRAM,
        &["recipient", "test", "me"],
        place.path(),
        &[],
        b"",
    )
    .await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(!ran.out.contains(TOKEN), "{}", ran.out);
    let ran = run(
        PROGRAM,
        &["apply", "-f", "chat.toml"],
        place.path(),
        &environment,
        b"",
    )
    .await;
    assert_eq!(ran.out, "nothing to change\n", "{ran:?}");
    assert_eq!(process.terminate().await.code(), Some(0));
}
