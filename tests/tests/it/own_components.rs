//! Components of tenants' own: installed by a tenant's administrator, for that tenant alone.

use campanile_tests::{Folder, Process, Receiver, World, alert, run};
use reqwest::Method;
use serde_json::{Value, json};

const LIAR: &[u8] = include_bytes!(env!("HOSTILE_LIAR"));
const FORMATTER: &[u8] = include_bytes!(env!("HOSTILE_FORMATTER"));

const PROGRAM: &str = env!("CARGO_BIN_EXE_campanile-under-test");

const TENANTS: [&str; 2] = ["acme", "other"];

/// A component with this text in its manifest in place of another of the same length, wherever that stands.
fn with(wasm: &[u8], text: &str, other: &str) -> Vec<u8> {
    assert_eq!(text.len(), other.len());
    let mut wasm = wasm.to_vec();
    let mut at = 0;
    let mut places = 0;
    while let Some(next) = wasm[at..]
        .windows(text.len())
        .position(|bytes| bytes == text.as_bytes())
    {
        at += next;
        wasm[at..at + text.len()].copy_from_slice(other.as_bytes());
        places += 1;
    }
    assert!(places > 0, "{text} is nowhere");
    wasm
}

/// The program, with administrators and producers of two tenants.
async fn world(receivers: &[&Receiver]) -> World {
    let tokens = TENANTS.iter().flat_map(|tenant| {
        [("admin", admin(tenant)), ("ingest", ingest(tenant))].map(
            |(role, value)| json!({"tenant": tenant, "name": role, "role": role, "value": value}),
        )
    });
    let openings: Vec<_> = receivers
        .iter()
        .map(|receiver| receiver.opening())
        .collect();
    let networks = TENANTS.map(|tenant| json!({"tenant": tenant, "allow": openings}));
    World::builder()
        .desired(json!({"tokens": tokens.collect::<Vec<_>>(), "networks": networks}))
        .start()
        .await
}

fn admin(tenant: &str) -> String {
    format!("the-administrator-of-{tenant}")
}

fn ingest(tenant: &str) -> String {
    format!("a-producer-of-{tenant}")
}

/// Asks as the administrator of a tenant; the status, and the body.
async fn ask(
    world: &World,
    tenant: &str,
    method: Method,
    path: &str,
    body: Vec<u8>,
) -> (u16, Value) {
    let token = match tenant {
        "operator" => world.contact.admin_token.clone(),
        tenant => admin(tenant),
    };
    let request = reqwest::Client::new()
        .request(method, world.url(path))
        .bearer_auth(token)
        .body(body);
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    let body = response.text().await.expect("a body");
    (status, serde_json::from_str(&body).expect("JSON"))
}

async fn install(world: &World, tenant: &str, wasm: &[u8]) -> (u16, Value) {
    ask(
        world,
        tenant,
        Method::POST,
        "/api/v1/components",
        wasm.to_vec(),
    )
    .await
}

async fn remove(world: &World, tenant: &str, name: &str) -> (u16, Value) {
    let path = format!("/api/v1/components/{name}");
    ask(world, tenant, Method::DELETE, &path, Vec::new()).await
}

/// The status, and the code of a problem.
fn coded((status, body): (u16, Value)) -> (u16, String) {
    let code = body["code"].as_str().unwrap_or_default();
    (status, code.to_owned())
}

/// Names of components that a tenant's administrator sees besides those that came with the program.
async fn seen(world: &World, tenant: &str) -> Vec<String> {
    let (_, list) = ask(world, tenant, Method::GET, "/api/v1/components", Vec::new()).await;
    let all = list.as_array().expect("a list").clone();
    let others = all.iter().filter(|view| view["builtin"] == false);
    others
        .map(|view| format!("{} {}", view["name"], view["tenants"]).replace('"', ""))
        .collect()
}

fn chat(tenant: &str, receiver: &Receiver) -> Value {
    json!({
        "endpoints": [{"tenant": tenant, "name": "chat", "component": "liar", "params": {"url": receiver.url("")}}],
        "recipients": [{"tenant": tenant, "name": "chat", "endpoint": "chat", "language": "en", "time_zone": "UTC",
                        "params": {"how": "honest"}}],
    })
}

#[tokio::test]
async fn what_a_tenant_installs_is_its_own_and_delivers_for_it_alone() {
    let receiver = Receiver::ok().await;
    let world = world(&[&receiver]).await;
    let (status, view) = install(&world, "acme", LIAR).await;
    assert_eq!(
        (status, &view["name"], &view["new"]),
        (200, &json!("liar"), &json!(true))
    );
    assert_eq!(view["tenants"], json!(["acme"]));
    assert_eq!(install(&world, "acme", LIAR).await.1["new"], false);

    assert_eq!(seen(&world, "acme").await, ["liar [acme]"]);
    assert_eq!(seen(&world, "other").await, [""; 0]);
    assert_eq!(seen(&world, "operator").await, ["liar [acme]"]);
    let path = format!(
        "/api/v1/components/{}",
        view["digest"].as_str().expect("a digest")
    );
    for (tenant, there) in [("acme", 200), ("other", 404)] {
        let asked = ask(&world, tenant, Method::GET, &path, Vec::new()).await;
        assert_eq!(asked.0, there, "{tenant}: {}", asked.1);
    }
    let refused = world.apply(chat("other", &receiver), "en").await;
    let mistakes = refused.expect_err("it is not that tenant's");
    assert!(mistakes[0].to_string().contains("liar"), "{mistakes:?}");

    assert!(world.apply(chat("acme", &receiver), "en").await.is_ok());
    for tenant in TENANTS {
        let alert = alert("first", &json!({})).to_string();
        let posted = world
            .post_raw("/api/v1/alerts", Some(&ingest(tenant)), alert)
            .await;
        assert_eq!(posted.status, 202, "{}", posted.body);
    }
    world.wait_until_empty().await;
    assert_eq!(receiver.received().len(), 1);

    // The other tenant may have the same file, and it makes no difference to the first.
    assert_eq!(install(&world, "other", LIAR).await.0, 200);
    assert_eq!(seen(&world, "other").await, ["liar [other]"]);
    assert_eq!(seen(&world, "operator").await, ["liar [acme,other]"]);
    let world = world.restart().await;
    assert_eq!(seen(&world, "acme").await, ["liar [acme]"]);
    assert_eq!(remove(&world, "other", "liar").await.0, 200);
    assert_eq!(seen(&world, "acme").await, ["liar [acme]"]);
}

#[tokio::test]
async fn a_component_is_removed_by_its_owner_or_the_operator_and_not_while_an_endpoint_uses_it() {
    let receiver = Receiver::ok().await;
    let world = world(&[&receiver]).await;
    assert_eq!(
        coded(remove(&world, "acme", "liar").await),
        (404, "no-component".into())
    );
    assert_eq!(
        coded(remove(&world, "acme", "webhook").await),
        (403, "operator-only".into())
    );
    assert_eq!(
        coded(remove(&world, "operator", "webhook").await),
        (409, "built-in".into())
    );

    install(&world, "acme", LIAR).await;
    assert!(world.apply(chat("acme", &receiver), "en").await.is_ok());
    assert_eq!(
        coded(remove(&world, "other", "liar").await),
        (404, "no-component".into())
    );
    let others = "liar?tenant=acme";
    assert_eq!(
        coded(remove(&world, "other", others).await),
        (403, "operator-only".into())
    );
    assert_eq!(
        coded(remove(&world, "operator", "liar").await),
        (404, "no-component".into())
    );
    for who in ["acme", "operator"] {
        let (status, problem) = remove(&world, who, others).await;
        assert_eq!(
            (status, &problem["code"]),
            (409, &json!("component-in-use")),
            "{who}"
        );
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|says| says.contains("chat"))
        );
    }

    // The same for everybody keeps the tenant's endpoint going.
    assert_eq!(install(&world, "operator", LIAR).await.0, 200);
    assert_eq!(remove(&world, "acme", "liar").await.0, 200);
    assert_eq!(
        coded(remove(&world, "operator", "liar").await),
        (409, "component-in-use".into())
    );
    let posted = world
        .post_raw(
            "/api/v1/alerts",
            Some(&ingest("acme")),
            alert("first", &json!({})).to_string(),
        )
        .await;
    assert_eq!(posted.status, 202);
    receiver.wait_for(1).await;
}

#[tokio::test]
async fn a_name_of_everybodys_and_a_kind_of_another_formatter_cannot_be_taken() {
    let world = world(&[]).await;
    let named = |name: &str| with(LIAR, "\"name\":\"liar\"", &format!("\"name\":\"{name}\""));
    assert_eq!(install(&world, "operator", LIAR).await.0, 200);
    let newer = with(LIAR, "\"version\":\"1.0.0\"", "\"version\":\"1.0.1\"");
    assert_eq!(
        coded(install(&world, "acme", &newer).await),
        (409, "name-taken".into())
    );
    assert_eq!(install(&world, "acme", &named("lair")).await.0, 200);
    assert_eq!(
        install(&world, "operator", &newer).await.0,
        200,
        "a newer version"
    );

    assert_eq!(install(&world, "acme", FORMATTER).await.0, 200);
    let posing = with(
        FORMATTER,
        "\"name\":\"faulty-formatter\"",
        "\"name\":\"formatter-faulty\"",
    );
    assert_eq!(
        coded(install(&world, "acme", &posing).await),
        (409, "kind-taken".into())
    );
    assert_eq!(
        install(&world, "other", &posing).await.0,
        200,
        "it is another tenant"
    );
    assert_eq!(
        install(&world, "operator", &posing).await.0,
        200,
        "tenants' own come first"
    );
    let third = with(
        FORMATTER,
        "\"name\":\"faulty-formatter\"",
        "\"name\":\"formatter-broken\"",
    );
    assert_eq!(
        coded(install(&world, "operator", &third).await),
        (409, "kind-taken".into())
    );
    // Looking is no way around.
    let looked = ask(
        &world,
        "acme",
        Method::POST,
        "/api/v1/components?dry_run=true",
        posing,
    )
    .await;
    assert_eq!(coded(looked), (409, "kind-taken".into()));
}

#[tokio::test]
async fn a_tenants_formatter_speaks_to_that_tenant_alone() {
    let receivers = [Receiver::ok().await, Receiver::ok().await];
    let world = world(&[&receivers[0], &receivers[1]]).await;
    assert_eq!(install(&world, "acme", FORMATTER).await.0, 200);
    for (tenant, receiver) in TENANTS.iter().zip(&receivers) {
        let wanted = json!({
            "endpoints": [{"tenant": tenant, "name": "hook", "component": "webhook",
                           "params": {"url": receiver.url("/hook"), "alerts_per_request": "1"}}],
            "recipients": [{"tenant": tenant, "name": "hook", "endpoint": "hook", "language": "en",
                            "time_zone": "UTC"}],
        });
        assert!(world.apply(wanted, "en").await.is_ok());
        let alert = alert("faulty", &json!({"details": {"fault": "none"}})).to_string();
        let posted = world
            .post_raw("/api/v1/alerts", Some(&ingest(tenant)), alert)
            .await;
        assert_eq!(posted.status, 202, "{}", posted.body);
    }
    let mut titles = Vec::new();
    for receiver in &receivers {
        titles.push(receiver.wait_for(1).await[0].json()["alerts"][0]["title"].clone());
    }
    assert_eq!(titles[0], "Faulty");
    assert_ne!(titles[1], "Faulty");
}

#[tokio::test]
async fn a_tenant_has_as_many_of_its_own_as_the_operator_says_and_the_command_line_names_whose() {
    let folder = Folder::new();
    let at = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(at("campanile.toml"), "[server]\ntenant_components = 1\n").expect("a file");
    std::fs::write(at("formatter.wasm"), FORMATTER).expect("a file");
    let posing = with(
        FORMATTER,
        "\"name\":\"faulty-formatter\"",
        "\"name\":\"formatter-faulty\"",
    );
    std::fs::write(at("posing.wasm"), posing).expect("a file");
    let (data, config) = (
        folder.path().join("data"),
        folder.path().join("campanile.toml"),
    );
    let _serving = Process::serve(PROGRAM, &data, &config).await;
    let component = async |arguments: &[&str]| {
        let all = [&["component"], arguments].concat();
        let ran = run(
            PROGRAM,
            &all,
            folder.path(),
            &[("CAMPANILE_DATA", &at("data"))],
            b"",
        )
        .await;
        (ran.code, ran.out, ran.err)
    };
    let (code, out, _) = component(&["install", "formatter.wasm", "--tenant", "acme"]).await;
    assert_eq!(code, Some(0));
    assert!(
        out.starts_with("installed faulty-formatter 1.0.0 ("),
        "{out}"
    );
    let (code, _, err) = component(&["install", "posing.wasm", "--tenant", "acme"]).await;
    assert_eq!(code, Some(1));
    assert!(
        err.contains("this tenant has 1 components of its own, which is all it may have"),
        "{err}"
    );
    let (code, _, err) = component(&["remove", "faulty-formatter"]).await;
    assert_eq!(code, Some(1));
    assert!(
        err.contains("no component `faulty-formatter` is installed"),
        "{err}"
    );
    let (_, out, _) = component(&["list"]).await;
    assert!(out.contains("own of acme"), "{out}");
    let (code, out, _) = component(&["remove", "faulty-formatter", "--tenant", "acme"]).await;
    assert_eq!(code, Some(0));
    assert!(out.starts_with("removed faulty-formatter 1.0.0 ("), "{out}");
    assert_eq!(
        component(&["install", "posing.wasm", "--tenant", "acme"])
            .await
            .0,
        Some(0)
    );
}
