//! What somebody wants and cannot have: said with the field's name, in that person's language, and
//! nothing of it is stored.

use std::time::Duration;

use campanile::apply::grant;
use campanile::desired::Desired;
use campanile::outcome::Reason;
use campanile_tests::{Behaviour, Receiver, World, alert};
use serde_json::{Value, json};

/// A Telegram token's form, and nobody's.
const TOKEN: &str = "123456789:AAEhBP0av28zXzyqOhvNUhRIA_5v7OPN3gI";

fn good() -> Value {
    json!({
        "endpoints": [
            {"name": "bot", "component": "telegram", "params": {"token": TOKEN}},
            {"name": "hook", "component": "webhook", "params": {"url": "https://a.example/hook"}},
        ],
        "recipients": [
            {"name": "noc", "endpoint": "bot", "language": "en", "time_zone": "Europe/Rome",
                "params": {"chat": "-100"}},
            {"name": "all", "endpoint": "hook", "language": "it", "time_zone": "UTC"},
        ],
    })
}

/// The good state with one value at a JSON pointer; `null` takes it away.
fn with(pointer: &str, value: Value) -> Value {
    let mut desired = good();
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    let parent = desired.pointer_mut(parent).expect("its parent");
    let parent = parent.as_object_mut().expect("an object");
    if value.is_null() {
        parent.remove(name);
    } else {
        parent.insert(name.to_owned(), value);
    }
    desired
}

/// The whole configuration as it is stored, to be compared.
async fn configuration(world: &World) -> String {
    format!("{:?}", world.app.store.configuration().await.expect("it"))
}

async fn apply(world: &World, desired: &Value, prune: bool, dry_run: bool) -> Vec<String> {
    let mut desired: Desired = serde_json::from_value(desired.clone()).expect("a desired state");
    let mut lines = world.app.apply(&desired, prune, true, "en").await;
    if !dry_run {
        grant(&mut desired, lines.as_ref().expect("no mistakes"));
        lines = world.app.apply(&desired, prune, false, "en").await;
    }
    lines
        .expect("no mistakes")
        .into_iter()
        .map(|line| format!("{} {}", line.change, line.item))
        .collect()
}

#[tokio::test]
async fn a_parameter_that_does_not_fit_is_named_in_the_users_language() {
    const BOT: &str = "/endpoints/0/params";
    const HOOK: &str = "/endpoints/1/params";
    const NOC: &str = "/recipients/0/params";
    let long = "x".repeat(5_000);
    let rows = [
        // Where, what, whose mistake, which field, English, Italian.
        (
            format!("{BOT}/token"),
            Value::Null,
            ("endpoint bot", Some("token")),
            "Bot token is required.",
            "Token del bot: il valore è obbligatorio.",
        ),
        (
            format!("{BOT}/token"),
            json!(""),
            ("endpoint bot", Some("token")),
            "Bot token is required.",
            "Token del bot: il valore è obbligatorio.",
        ),
        (
            format!("{BOT}/token"),
            json!("123:short"),
            ("endpoint bot", Some("token")),
            "Bot token must have this form:",
            "Token del bot: il valore deve avere questa forma:",
        ),
        (
            format!("{BOT}/token"),
            json!(long),
            ("endpoint bot", Some("token")),
            "Bot token must not be longer than 4096 characters.",
            "Token del bot: il valore non può superare i 4096 caratteri.",
        ),
        (
            // What lists show in its place is no value.
            format!("{BOT}/token"),
            json!("set"),
            ("endpoint bot", Some("token")),
            "Bot token is required.",
            "Token del bot: il valore è obbligatorio.",
        ),
        (
            format!("{BOT}/tokken"),
            json!("x"),
            ("endpoint bot", Some("tokken")),
            "tokken is not a known parameter.",
            "tokken: il parametro non è noto.",
        ),
        (
            format!("{BOT}/api"),
            json!("ftp://a.example"),
            ("endpoint bot", Some("api")),
            "must be an address such as",
            "API dei bot: il valore deve essere un indirizzo",
        ),
        (
            format!("{NOC}/chat"),
            Value::Null,
            ("recipient noc", Some("chat")),
            "Chat is required.",
            "Chat: il valore è obbligatorio.",
        ),
        (
            format!("{NOC}/chat"),
            json!("two words"),
            ("recipient noc", Some("chat")),
            "two words is neither",
            "two words non è né il numero di una chat né il @nome di un canale.",
        ),
        (
            format!("{NOC}/chat"),
            json!("-1\n00"),
            ("recipient noc", Some("chat")),
            "Chat must not contain control characters.",
            "Chat: i caratteri di controllo non sono ammessi.",
        ),
        (
            format!("{NOC}/topic"),
            json!("seven"),
            ("recipient noc", Some("topic")),
            "Topic must be a number.",
            "Argomento: il valore deve essere un numero.",
        ),
        (
            format!("{NOC}/on_release"),
            json!("delete"),
            ("recipient noc", Some("on_release")),
            "must be one of: reply, edit.",
            "Quando una condizione termina: il valore deve essere uno dei seguenti: reply, edit.",
        ),
        (
            format!("{NOC}/url"),
            json!("https://a.example"),
            ("recipient noc", Some("url")),
            "url is not a known parameter.",
            "url: il parametro non è noto.",
        ),
        (
            format!("{HOOK}/url"),
            json!("https://user:pass@a.example/"),
            ("endpoint hook", Some("url")),
            "must be an address such as",
            "Indirizzo: il valore deve essere un indirizzo",
        ),
        (
            format!("{HOOK}/alerts_per_request"),
            json!("101"),
            ("endpoint hook", Some("alerts_per_request")),
            "1 to 100",
            "Dev'essere un numero da 1 a 100.",
        ),
        (
            format!("{HOOK}/headers"),
            json!({"X-Key": "one", "x-key": "two"}),
            ("endpoint hook", Some("headers")),
            "two rows with the same name",
            "Intestazioni: due righe hanno lo stesso nome.",
        ),
        (
            format!("{HOOK}/headers"),
            json!({"Host": "evil.example"}),
            ("endpoint hook", Some("headers")),
            "Host",
            "Host non può essere usato qui come nome di un'intestazione.",
        ),
        (
            format!("{HOOK}/headers"),
            json!({"X-Key": "a\r\nX-Other: b"}),
            ("endpoint hook", Some("headers")),
            "must not contain control characters",
            "Intestazioni: i caratteri di controllo non sono ammessi.",
        ),
        (
            format!("{HOOK}/signing"),
            json!("hmac-sha256"),
            ("endpoint hook", Some("signing_key")),
            "signing key",
            "Una firma richiede una chiave di firma.",
        ),
        (
            format!("{HOOK}/signing_key"),
            json!("whsec_notbase64!"),
            ("endpoint hook", Some("signing_key")),
            "must be a signing key",
            "Chiave di firma: il valore deve essere una chiave di firma",
        ),
        (
            format!("{HOOK}/url"),
            json!(["https://a.example", "https://b.example"]),
            ("endpoint hook", Some("url")),
            "",
            "Indirizzo",
        ),
        (
            format!("{HOOK}/method"),
            json!({"GET": "x"}),
            ("endpoint hook", Some("method")),
            "",
            "Metodo",
        ),
        // What is no component's.
        (
            "/endpoints/0/component".to_owned(),
            json!("telegramm"),
            ("endpoint bot", None),
            "there is no endpoint component telegramm",
            "non c'è un componente endpoint telegramm",
        ),
        (
            "/endpoints/0/component".to_owned(),
            json!("flows"),
            ("endpoint bot", None),
            "there is no endpoint component flows",
            "non c'è un componente endpoint flows",
        ),
        (
            "/recipients/0/endpoint".to_owned(),
            json!("bott"),
            ("recipient noc", None),
            "there is no endpoint bott",
            "non c'è un endpoint bott",
        ),
        (
            "/recipients/0/time_zone".to_owned(),
            json!("Europe/Roma"),
            ("recipient noc", None),
            "Europe/Roma is not a time zone",
            "Europe/Roma non è un fuso orario",
        ),
        (
            "/recipients/0/language".to_owned(),
            json!("en_GB"),
            ("recipient noc", None),
            "en_GB is not a language tag",
            "en_GB non è un codice di lingua",
        ),
        (
            "/recipients/0/name".to_owned(),
            json!("n o c"),
            ("recipient n o c", None),
            "1 to 64",
            "da 1 a 64",
        ),
        (
            "/recipients/0/name".to_owned(),
            json!("n".repeat(65)),
            ("recipient ", None),
            "1 to 64",
            "da 1 a 64",
        ),
        (
            "/recipients/1/name".to_owned(),
            json!("noc"),
            ("recipient noc", None),
            "twice",
            "due volte",
        ),
        (
            "/endpoints/1/tenant".to_owned(),
            json!("../other"),
            ("endpoint hook", None),
            "1 to 64",
            "da 1 a 64",
        ),
    ];
    let world = World::builder().desired(good()).start().await;
    let before = configuration(&world).await;
    for (pointer, value, (item, param), english, italian) in rows {
        let desired = with(&pointer, value.clone());
        for (language, words) in [("en", english), ("it", italian), ("it-CH", italian)] {
            let shown: String = value.to_string().chars().take(60).collect();
            let Err(mistakes) = world.apply(desired.clone(), language).await else {
                panic!("{pointer} = {shown} was taken");
            };
            let found = mistakes.iter().any(|mistake| {
                mistake.item.starts_with(item)
                    && mistake.param.as_deref() == param
                    && mistake.message.contains(words)
            });
            assert!(found, "{pointer} = {shown} in {language}: {mistakes:?}");
            assert!(
                mistakes.iter().all(|mistake| mistake.message.len() < 400),
                "what somebody entered is not repeated at length: {pointer}"
            );
        }
    }
    assert_eq!(configuration(&world).await, before, "nothing was stored");
}

#[tokio::test]
async fn all_mistakes_are_said_at_once_and_what_runs_goes_on() {
    let receiver = Receiver::ok().await;
    let world = World::builder().webhook(&receiver).start().await;
    let before = configuration(&world).await;
    let mistakes = world
        .apply(
            json!({
                "endpoints": [
                    {"name": "bot", "component": "telegram", "params": {"tokken": "x"}},
                    {"name": "hook", "component": "webhook", "params": {"url": "https://elsewhere.example/"}},
                    {"name": "lost", "component": "nothing"},
                ],
                "recipients": [
                    {"name": "noc", "endpoint": "bot", "language": "en", "time_zone": "UTC"},
                    {"name": "two", "endpoint": "none", "language": "en", "time_zone": "UTC"},
                ],
                "tokens": [{"name": "_admin", "role": "admin", "value": "0123456789abcdef"}],
            }),
            "en",
        )
        .await
        .expect_err("mistakes");
    let named: Vec<_> = mistakes
        .iter()
        .map(|mistake| (mistake.item.as_str(), mistake.param.as_deref()))
        .collect();
    assert_eq!(
        named,
        [
            ("endpoint bot", Some("token")),
            ("endpoint bot", Some("tokken")),
            ("endpoint lost", None),
            ("recipient two", None),
            ("token _admin", None),
        ],
        "{mistakes:?}"
    );
    assert_eq!(configuration(&world).await, before);
    assert_eq!(
        world.post(&alert("disk_full", &json!({}))).await.status,
        202
    );
    receiver.wait_for(1).await;
}

#[tokio::test]
async fn applying_twice_changes_nothing_and_a_dry_run_changes_nothing_at_all() {
    let world = World::builder().start().await;
    let empty = configuration(&world).await;
    let wanted = [
        "created endpoint bot",
        "created endpoint hook",
        "created recipient noc",
        "created recipient all",
    ];
    assert_eq!(apply(&world, &good(), false, true).await, wanted);
    assert_eq!(configuration(&world).await, empty);
    assert_eq!(apply(&world, &good(), false, false).await, wanted);
    let applied = configuration(&world).await;
    for prune in [false, true] {
        assert_eq!(apply(&world, &good(), prune, false).await, [""; 0]);
    }
    assert_eq!(configuration(&world).await, applied);
    let changed = with("/recipients/0/params/chat", json!("-200"));
    assert_eq!(
        apply(&world, &changed, false, true).await,
        ["changed recipient noc"]
    );
    assert_eq!(configuration(&world).await, applied);
    // Another secret is a change, though no list shows what of it.
    let token = TOKEN.replace("AAE", "BBE");
    let changed = with("/endpoints/0/params/token", json!(token));
    assert_eq!(
        apply(&world, &changed, false, false).await,
        ["changed endpoint bot"]
    );
    assert_eq!(apply(&world, &changed, false, false).await, [""; 0]);
}

#[tokio::test]
async fn what_is_not_wanted_any_more_is_removed_only_when_asked_for() {
    let receiver = Receiver::start([], Behaviour::status(503)).await;
    let world = World::builder()
        .held_clock()
        .webhook(&receiver)
        .start()
        .await;
    let alerts = json!([alert("waits", &json!({})), alert("waits_too", &json!({}))]);
    assert_eq!(world.post(&alerts).await.status, 202);
    world.wait_for_attempts(2).await;
    assert_eq!(apply(&world, &json!({}), false, false).await, [""; 0]);
    let removed = [
        "removed recipient hook",
        "removed endpoint hook",
        "removed network",
    ];
    assert_eq!(apply(&world, &json!({}), true, true).await, removed);
    assert_eq!(world.dead_letters().await, []);
    assert_eq!(apply(&world, &json!({}), true, false).await, removed);

    // Its alerts are not lost: they are shown with the reason.
    let letters = world.dead_letters().await;
    assert_eq!(letters.len(), 2);
    for letter in &letters {
        assert_eq!(letter.reason, Reason::RecipientRemoved);
        assert_eq!(letter.recipient_name, "hook");
    }
    world.wait_until_empty().await;
    world.advance(Duration::from_secs(3600));
    world.wait_until_idle().await;
    assert_eq!(
        receiver.received().len(),
        2,
        "nothing is sent to it any more"
    );
    // The program's own tokens are nobody's to remove.
    assert_eq!(world.post(&alert("later", &json!({}))).await.status, 202);
    assert_eq!(world.get("/api/v1/recipients").await.body, json!([]));
}

#[tokio::test]
async fn an_endpoint_that_is_still_used_is_not_removed() {
    let world = World::builder().desired(good()).start().await;
    let before = configuration(&world).await;
    let mut desired = good();
    desired["endpoints"]
        .as_array_mut()
        .expect("a list")
        .remove(0);
    let desired: Desired = serde_json::from_value(desired).expect("a desired state");
    let error = world.app.apply(&desired, true, false, "en").await;
    let words = error.expect_err("a mistake").to_string();
    assert!(
        words.contains("recipient noc") && words.contains("pruning would remove it"),
        "{words}"
    );
    assert_eq!(configuration(&world).await, before);
}

#[tokio::test]
async fn a_waiting_delivery_is_built_again_when_its_parameters_change() {
    let receiver = Receiver::start([], Behaviour::status(503)).await;
    let world = World::builder()
        .held_clock()
        .webhook(&receiver)
        .start()
        .await;
    assert_eq!(
        world.post(&alert("disk_full", &json!({}))).await.status,
        202
    );
    world.wait_for_attempts(1).await;
    receiver.otherwise(Behaviour::status(200));
    let hook = |params: Value| {
        json!({
            "endpoints": [{"name": "hook", "component": "webhook", "params": params}],
            "recipients": [{"name": "hook", "endpoint": "hook", "language": "en", "time_zone": "UTC"}],
        })
    };
    let params = json!({"url": receiver.url("/hook"), "alerts_per_request": "1", "method": "PUT"});
    assert_eq!(
        apply(&world, &hook(params), false, false).await,
        ["changed endpoint hook"]
    );
    world.advance(Duration::from_secs(10));
    let requests = receiver.wait_for(2).await;
    world.wait_until_empty().await;
    let methods: Vec<_> = requests
        .iter()
        .map(|request| request.method.as_str())
        .collect();
    assert_eq!(methods, ["POST", "PUT"]);
    let states: Vec<_> = world
        .deliveries()
        .await
        .iter()
        .map(|delivery| format!("{:?}", delivery.state))
        .collect();
    assert_eq!(states, ["Delivered", "Superseded"]);
    assert_eq!(world.dead_letters().await, []);
}

#[tokio::test]
async fn a_waiting_delivery_goes_to_the_address_that_was_entered_meanwhile() {
    let old = Receiver::start([], Behaviour::status(503)).await;
    let new = Receiver::ok().await;
    let world = World::builder().held_clock().webhook(&old).start().await;
    assert_eq!(
        world.post(&alert("disk_full", &json!({}))).await.status,
        202
    );
    world.wait_for_attempts(1).await;
    let desired = json!({
        "endpoints": [{"name": "hook", "component": "webhook",
            "params": {"url": new.url("/new"), "alerts_per_request": "1"}}],
        "networks": [{"allow": [new.opening()]}],
    });
    assert_eq!(
        apply(&world, &desired, false, false).await,
        ["changed endpoint hook", "changed network"]
    );
    world.advance(Duration::from_secs(10));
    let requests = new.wait_for(1).await;
    world.wait_until_empty().await;
    assert_eq!(requests[0].path, "/new");
    assert_eq!(old.received().len(), 1);
}

#[tokio::test]
async fn a_secret_that_is_sealed_to_one_place_is_not_sent_to_another() {
    let first = Receiver::ok().await;
    let other = Receiver::ok().await;
    let desired = |receiver: &Receiver| {
        json!({
            "endpoints": [{"name": "bot", "component": "telegram",
                "params": {"token": TOKEN, "api": receiver.url("")}}],
            "recipients": [{"name": "noc", "endpoint": "bot", "language": "en", "time_zone": "UTC",
                "params": {"chat": "-100"}}],
            "networks": [{"allow": [first.opening(), other.opening()]}],
        })
    };
    let world = World::builder().desired(desired(&first)).start().await;
    // Whoever can write the database points the endpoint elsewhere, and leaves the sealed token.
    let mut row = world
        .app
        .store
        .configuration()
        .await
        .expect("the configuration")
        .endpoints
        .remove(0);
    row.params = row.params.replace(&first.url(""), &other.url(""));
    row.granted = row
        .granted
        .map(|granted| granted.replace(&first.url(""), &other.url("")));
    assert!(row.params.contains(&other.url("")));
    let change = campanile::store::Change::PutEndpoint(row);
    world
        .app
        .store
        .apply(vec![change], world.clock.now())
        .await
        .expect("it is stored");
    world.app.reload().await.expect("it is read");
    assert_eq!(
        world.post(&alert("disk_full", &json!({}))).await.status,
        202
    );
    world.wait_until_empty().await;
    assert_eq!(
        world.dead_letters().await[0].reason,
        Reason::EnterSecretAgain
    );
    assert_eq!((first.connections(), other.connections()), (0, 0));
    // Entered again, it goes there.
    assert_eq!(
        apply(&world, &desired(&other), false, false).await,
        ["changed endpoint bot"]
    );
    assert_eq!(
        world.post(&alert("disk_full", &json!({}))).await.status,
        202
    );
    let requests = other.wait_for(1).await;
    assert!(requests[0].path.contains(TOKEN));
}
