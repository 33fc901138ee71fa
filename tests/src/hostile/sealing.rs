//! A secret opens for what it was entered for: not for another destination, tenant or installation, and
//! nobody but its owner gets one in by naming where it stands.

use campanile::outcome::Reason;
use campanile::store::{Change, EndpointRow};
use serde_json::{Value, json};

use super::{Bystander, Stopped};
use crate::{Behaviour, Receiver, World};

const TOKEN: &str = "987654321:AAFsecret-of_the_bot-0123456789abcd";
const TOKEN_OF_B: &str = "123456789:BBFsecret-of_the_bot-0123456789abcd";

/// A Telegram as far as these tests go.
async fn telegram() -> Receiver {
    let sent = json!({"ok": true, "result": {"message_id": 7}});
    Receiver::start([], Behaviour::json(200, &sent)).await
}

/// A bot whose token goes where `api` leads, which is the first of these, and its recipient.
fn wanted(tenant: &str, receivers: &[&Receiver], token: &Value) -> Value {
    json!({
        "endpoints": [{"tenant": tenant, "name": "bot", "component": "telegram", "params": {
            "api": receivers[0].url(""), "token": token,
        }}],
        "recipients": [{
            "tenant": tenant, "name": "bot", "endpoint": "bot", "language": "en", "time_zone": "UTC",
            "params": {"chat": "-100"},
        }],
        "networks": [{
            "tenant": tenant, "allow": receivers.iter().map(|one| one.opening()).collect::<Vec<_>>(),
        }],
    })
}

/// What the only message of a recipient's test came to.
async fn tested(world: &World, tenant: &str) -> Result<u16, Reason> {
    let mut tested = world.app.test(tenant, "bot").await.expect("a message");
    assert_eq!(tested.len(), 1);
    let sent = tested.remove(0).result;
    sent.map(|received| received.expect("an answer").status)
        .map_err(|failure| failure.reason)
}

async fn stored(world: &World, tenant: &str) -> EndpointRow {
    let rows = world.app.store.configuration().await;
    let rows = rows.expect("rows").endpoints;
    let mut of_tenant = rows.into_iter().filter(|row| row.tenant == tenant);
    of_tenant.next().expect("its endpoint")
}

/// A row that was made to lead elsewhere, and to say that somebody allowed it.
fn pointed(row: &EndpointRow, from: &Receiver, to: &Receiver) -> EndpointRow {
    let elsewhere = |text: &String| text.replace(&from.url(""), &to.url(""));
    EndpointRow {
        params: elsewhere(&row.params),
        granted: row.granted.as_ref().map(elsewhere),
        ..row.clone()
    }
}

/// Writes a row past all checks, as one does who has the database.
async fn write(world: &World, row: EndpointRow) {
    let change = vec![Change::PutEndpoint(row)];
    world.app.store.apply(change, 0).await.expect("a row");
    world.app.reload().await.expect("a configuration");
}

pub async fn new_url_old_secret_press_test() -> Stopped {
    let (entered, thief) = (telegram().await, telegram().await);
    let world = World::builder()
        .desired(wanted("default", &[&entered, &thief], &json!(TOKEN)))
        .start()
        .await;
    assert_eq!(tested(&world, "default").await, Ok(200));
    let beside = Bystander::beside(&world).await;
    let before = stored(&world, "default").await;

    // By the front door: as lists show a secret, and left out.
    let shown = world
        .apply(wanted("default", &[&thief, &entered], &json!("set")), "en")
        .await
        .expect_err("a secret was wanted");
    assert_eq!(shown[0].param.as_deref(), Some("token"));
    let mut without = wanted("default", &[&thief, &entered], &json!(null));
    let params = without["endpoints"][0]["params"].as_object_mut();
    params.expect("params").remove("token");
    let left_out = world
        .apply(without, "en")
        .await
        .expect_err("it is required");
    assert_eq!(left_out[0].param.as_deref(), Some("token"));
    assert_eq!(stored(&world, "default").await, before);

    // By the back door: the row itself is pointed elsewhere.
    let moved = pointed(&before, &entered, &thief);
    assert_ne!(moved, before);
    write(&world, moved).await;
    assert_eq!(
        tested(&world, "default").await,
        Err(Reason::EnterSecretAgain)
    );
    assert!(thief.received().is_empty());

    // Back where it was entered for, it opens.
    write(&world, before).await;
    assert_eq!(tested(&world, "default").await, Ok(200));
    beside.stopped(Reason::EnterSecretAgain.as_str()).await
}

pub async fn imports_an_export_with_another_host() -> Stopped {
    let (entered, thief) = (telegram().await, telegram().await);
    let desired = || wanted("default", &[&entered, &thief], &json!(TOKEN));
    let world = World::builder().desired(desired()).start().await;
    let beside = Bystander::beside(&world).await;
    let export = stored(&world, "default").await;
    let with_host = pointed(&export, &entered, &thief);
    for (name, row, expected) in [
        ("another host", &with_host, Err(Reason::EnterSecretAgain)),
        ("the export itself", &export, Ok(200)),
    ] {
        write(&world, row.clone()).await;
        assert_eq!(tested(&world, "default").await, expected, "{name}");
    }
    assert_eq!(entered.received().len(), 1);

    // Into another installation: another master key.
    let builder = World::builder().other_master_key();
    let other = builder.desired(desired()).start().await;
    assert_eq!(tested(&other, "default").await, Ok(200));
    for (name, row) in [("as it is", export), ("with another host", with_host)] {
        write(&other, row).await;
        let came = tested(&other, "default").await;
        assert_eq!(came, Err(Reason::EnterSecretAgain), "{name}");
    }
    assert!(thief.received().is_empty());
    beside.stopped(Reason::EnterSecretAgain.as_str()).await
}

#[expect(non_snake_case, reason = "tenants are A and B in the list of attacks")]
pub async fn row_of_tenant_A_copied_to_tenant_B() -> Stopped {
    let receiver = telegram().await;
    let world = World::builder()
        .desired(wanted("a", &[&receiver], &json!(TOKEN)))
        .start()
        .await;
    let of_b = wanted("b", &[&receiver], &json!(TOKEN_OF_B));
    world.apply(of_b, "en").await.expect("another tenant's");
    let (a, b) = (stored(&world, "a").await, stored(&world, "b").await);
    assert_eq!(tested(&world, "b").await, Ok(200));
    let beside = Bystander::beside(&world).await;
    let copied = EndpointRow {
        sealed: a.sealed.clone(),
        ..b.clone()
    };
    write(&world, copied).await;
    assert_eq!(tested(&world, "b").await, Err(Reason::EnterSecretAgain));
    // Under another name of its own tenant neither.
    let renamed = EndpointRow {
        name: "renamed".to_owned(),
        ..a.clone()
    };
    write(&world, renamed).await;
    let mut recipient = world
        .app
        .store
        .configuration()
        .await
        .expect("rows")
        .recipients;
    recipient.retain(|row| row.tenant == "a");
    let mut recipient = recipient.remove(0);
    recipient.endpoint = "renamed".to_owned();
    let change = vec![Change::PutRecipient(recipient)];
    world.app.store.apply(change, 0).await.expect("a row");
    world.app.reload().await.expect("a configuration");
    assert_eq!(tested(&world, "a").await, Err(Reason::EnterSecretAgain));
    assert_eq!(receiver.received().len(), 1);
    // Where they belong, both open.
    write(&world, b).await;
    assert_eq!(tested(&world, "b").await, Ok(200));
    beside.stopped(Reason::EnterSecretAgain.as_str()).await
}

pub async fn api_asks_for_env_key_and_file_passwd() -> Stopped {
    let receiver = telegram().await;
    let world = World::builder().start().await;
    let beside = Bystander::beside(&world).await;
    let path = std::env::var("PATH").expect("every process has one here");
    let apply = async |desired: Value| {
        let asked = json!({"desired": desired});
        world.administer("/api/v1/apply", &asked).await
    };
    let mut said = String::new();
    for reference in [
        json!({"env": "PATH"}),
        json!({"file": "/etc/passwd"}),
        json!([{"env": "PATH"}]),
        json!({"env": "PATH", "file": "/etc/passwd"}),
    ] {
        let in_a_secret = wanted("default", &[&receiver], &reference);
        let mut in_a_url = wanted("default", &[&receiver], &json!(TOKEN));
        in_a_url["endpoints"][0]["params"]["api"] = reference.clone();
        let in_a_token = json!({"tokens": [{"name": "x", "role": "admin", "value": reference}]});
        for desired in [in_a_secret, in_a_url, in_a_token] {
            let answer = apply(desired.clone()).await;
            assert_eq!(answer.status, 422, "{desired}: {}", answer.body);
            said = answer.body.to_string();
            assert!(!said.contains(&path) && !said.contains("root:"), "{said}");
        }
    }
    // The same request without a reference is carried out.
    let apply_and_grant = async |mut desired: Value| {
        let asked = apply(desired.clone()).await;
        assert_eq!(asked.status, 409, "{}", asked.body);
        let detail = asked.body["detail"].as_str().expect("words");
        let (_, grant) = detail.split_once("grant = \"").expect("what to grant");
        desired["endpoints"][0]["grant"] = json!(grant[..grant.find('"').expect("its end")]);
        apply(desired).await
    };
    let good = apply_and_grant(wanted("default", &[&receiver], &json!(TOKEN))).await;
    assert_eq!(good.status, 200, "{}", good.body);

    // A row's value is the text itself, and names nothing.
    let rows = json!({"endpoints": [{"name": "bot", "component": "webhook", "params": {
        "url": receiver.url("/"), "headers": {"env": "PATH", "file": "/etc/passwd"},
    }}], "recipients": [{
        "name": "bot", "endpoint": "bot", "language": "en", "time_zone": "UTC",
    }]});
    let taken = apply_and_grant(rows).await;
    assert_eq!(taken.status, 200, "{}", taken.body);
    assert_eq!(tested(&world, "default").await, Ok(200));
    let sent = receiver.received().remove(0);
    assert_eq!(sent.header("env"), Some("PATH"));
    assert_eq!(sent.header("file"), Some("/etc/passwd"));
    beside.stopped(said).await
}
