//! Endpoints in other languages: built with their own tools, checked like any other, and used by the real
//! program. Where the tools are not there, this is left out.

use std::path::{Path, PathBuf};
use std::time::Duration;

use campanile::check::{self, Samples};
use campanile_tests::{Behaviour, Folder, Process, Receiver, Request, run, tools};
use serde_json::{Value, json};

use super::check::told;

const PROGRAM: &str = env!("CARGO_BIN_EXE_campanile-under-test");

/// How long a toolchain may take on a busy machine.
const BUILD: Duration = Duration::from_secs(600);

/// An example in another language.
struct Example {
    folder: &'static str,
    /// What its README says, in order.
    build: &'static [&'static str],
    wasm: &'static str,
    /// Its endpoint and recipient, with the receiver's address for `ADDRESS`.
    config: &'static str,
    /// How long a code file may be, without empty lines and comments.
    code: &'static str,
}

const JAVASCRIPT: Example = Example {
    folder: "javascript",
    build: &[
        "node describe.mjs",
        "jco componentize ntfy.js --wit ../../wit --world-name alert-endpoint --backend quickjs --backend-qjs-disable-async --out target/ntfy.wasm",
    ],
    wasm: "target/ntfy.wasm",
    config: r#"params = { server = "http://ADDRESS", token = "tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2" }
[[recipient]]
name = "noc"
endpoint = "it"
params = { topic = "noc-4f1c" }
"#,
    code: "ntfy.js",
};

const PYTHON: Example = Example {
    folder: "python",
    build: &[
        "python3 describe.py",
        "componentize-py -d ../../wit -w alert-endpoint componentize --stub-wasi pagerduty -p . -p target -o target/pagerduty.wasm",
    ],
    wasm: "target/pagerduty.wasm",
    config: r#"params = { api = "http://ADDRESS", key = "0123456789abcdef0123456789ABCDEF" }
[[recipient]]
name = "noc"
endpoint = "it"
"#,
    code: "pagerduty.py",
};

fn source(example: &Example) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../example-endpoints")
        .join(example.folder)
}

/// Copies what git knows of a folder: neither dependencies nor what was built.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = entry.file_name();
        if ["node_modules", "target", "__pycache__"]
            .iter()
            .any(|other| name == *other)
        {
            continue;
        }
        if entry.path().is_dir() {
            copy(&entry.path(), &to.join(name));
        } else {
            std::fs::copy(entry.path(), to.join(name)).expect("a file");
        }
    }
}

/// Builds an example in a folder of its own, as its README says.
async fn build(example: &Example, workspace: &Path, modules: Option<&Path>) -> PathBuf {
    let folder = workspace.join("example-endpoints").join(example.folder);
    copy(&source(example), &folder);
    copy(&source(example).join("../../wit"), &workspace.join("wit"));
    if let Some(modules) = modules {
        std::os::unix::fs::symlink(modules, folder.join("node_modules")).expect("a link");
    }
    let readme = std::fs::read_to_string(folder.join("README.md")).expect("a README");
    let package = std::fs::read_to_string(folder.join("package.json")).unwrap_or_default();
    for line in example.build {
        assert!(readme.contains(line) || package.contains(line), "{line}");
        let mut command = tokio::process::Command::new("sh");
        command
            .args(["-euc", line])
            .current_dir(&folder)
            .kill_on_drop(true);
        let output = tokio::time::timeout(BUILD, command.output()).await;
        let output = output.expect("it ends").expect("a shell");
        assert!(output.status.success(), "{line}: {output:?}");
    }
    folder.join(example.wasm)
}

/// That a built example passes the conformance suite, and that the program delivers an alert by it.
async fn passes_and_delivers(example: &Example, wasm: &Path, answer: &Value) -> Request {
    let bytes = std::fs::read(wasm).expect("the component");
    let sample = std::fs::read_to_string(source(example).join("sample.toml")).expect("a sample");
    let samples = Samples::parse(&sample).expect("samples");
    let report =
        tokio::task::spawn_blocking(move || check::endpoint(&bytes, &samples, &mut |_| {}));
    let report = report.await.expect("no panic").expect("a sandbox");
    assert_eq!(told(&report), Vec::<String>::new());
    assert!(report.passed() && report.component.as_ref().is_some_and(|it| it.large));

    let receiver = Receiver::start([], Behaviour::json(200, answer)).await;
    let config = |server: &str| {
        let params = example
            .config
            .replace("ADDRESS", &receiver.address().to_string());
        format!(
            "{server}[[endpoint]]\nname = \"it\"\ncomponent = \"{}\"\n{params}[[network]]\nallow = [\"{}\"]\n",
            wasm.display(),
            receiver.opening()
        )
    };
    let place = Folder::new();
    let file = place.path().join("campanile.toml");
    std::fs::write(&file, config("")).expect("a file");
    let (data, path) = (
        place.path().join("data"),
        file.to_str().expect("a path").to_owned(),
    );
    let data_text = data.to_str().expect("a path").to_owned();
    let arguments = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--data",
        &data_text,
        "--config",
        &path,
    ];
    let refused = run(PROGRAM, &arguments, place.path(), &[], b"").await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused.err.contains("large_components = true"),
        "{}",
        refused.err
    );

    std::fs::write(&file, config("[server]\nlarge_components = true\n")).expect("a file");
    let process = Process::serve(PROGRAM, &data, &file).await;
    let alert = json!([{
        "kind": "disk_full", "severity": "error", "title": "Disk \"full\"", "message": "98 % of \\ are used\n",
        "entity": {"kind": "host", "value": "10.0.0.1", "name": "db1"}, "source": "zabbix",
        "url": "https://monitor.example/1",
    }]);
    assert_eq!(process.post(&alert).await, 202);
    let requests = receiver.wait_for(1).await;
    assert_eq!(process.terminate().await.code(), Some(0));
    requests[0].clone()
}

/// Lines of a file that are neither empty nor a comment.
fn lines(example: &Example) -> usize {
    let text = std::fs::read_to_string(source(example).join(example.code)).expect("the code");
    let code = |line: &&str| !line.is_empty() && !line.starts_with("//") && !line.starts_with('#');
    text.lines().map(str::trim).filter(code).count()
}

#[test]
fn the_examples_in_other_languages_are_short() {
    for example in [&JAVASCRIPT, &PYTHON] {
        assert!(lines(example) < 60, "{}: {}", example.code, lines(example));
    }
}

#[tokio::test]
async fn an_endpoint_in_javascript_passes_the_checks_and_delivers() {
    let install =
        "npm install --prefix example-endpoints/javascript, and its node_modules/.bin in PATH";
    let Some(jco) = tools::program("jco", install) else {
        return;
    };
    let folder = Folder::new();
    // The folder of `node_modules/.bin`, where the build step's own package is too.
    let modules = jco.ancestors().nth(2).expect("node_modules");
    let wasm = build(&JAVASCRIPT, folder.path(), Some(modules)).await;
    let request = passes_and_delivers(&JAVASCRIPT, &wasm, &json!({"id": "x"})).await;
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("POST", "/")
    );
    let bearer = "Bearer tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2";
    assert_eq!(request.header("authorization"), Some(bearer));
    let body = request.json();
    assert_eq!(body["topic"], "noc-4f1c");
    assert_eq!(body["title"], "Error: Disk \"full\"");
    assert_eq!(body["priority"], 4);
    assert_eq!(body["click"], "https://monitor.example/1");
    let message = body["message"].as_str().expect("text");
    assert!(message.contains("98 % of \\ are used"), "{message}");
}

#[tokio::test]
async fn an_endpoint_in_python_passes_the_checks_and_delivers() {
    let install = "pip install -r example-endpoints/python/requirements.txt in an environment that is in PATH";
    if tools::program("componentize-py", install).is_none() {
        return;
    }
    let folder = Folder::new();
    let wasm = build(&PYTHON, folder.path(), None).await;
    let request = passes_and_delivers(&PYTHON, &wasm, &json!({"status": "success"})).await;
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("POST", "/v2/enqueue")
    );
    let body = request.json();
    assert_eq!(body["routing_key"], "0123456789abcdef0123456789ABCDEF");
    assert_eq!(body["event_action"], "trigger");
    assert!(
        body["dedup_key"]
            .as_str()
            .is_some_and(|key| !key.is_empty())
    );
    assert_eq!(body["payload"]["severity"], "error");
    assert_eq!(body["payload"]["source"], "zabbix");
    let summary = body["payload"]["summary"].as_str().expect("text");
    assert!(summary.starts_with("Disk \"full\": "), "{summary}");
    assert_eq!(body["links"][0]["href"], "https://monitor.example/1");
}
