//! Telegram's Bot API.

use std::time::Duration;

use campanile_tests::World;
use campanile_tests::fakes::{Telegram, seen_in_telegram};
use serde_json::{Value, json};

use super::{all_arrive, configure, disk, essence, held, long, paused, post, reasons, waits};

/// As long as every pace allows a message all the time.
const A_PACE: Duration = Duration::from_secs(3);

async fn bot(own: &Value) -> (World, Telegram) {
    let world = held().await;
    let telegram = Telegram::start(&world.clock, &["-1001"]).await;
    let opening = telegram.receiver().opening();
    configure(&world, "telegram", &telegram.bot(), own, &opening).await;
    (world, telegram)
}

async fn tell(world: &World, action: &str) {
    post(world, &disk("a", action)).await;
    all_arrive(world, A_PACE).await;
}

#[tokio::test]
async fn the_end_of_a_condition_answers_or_edits_the_message_that_announced_it() {
    let (world, telegram) = bot(&json!({"chat": "-1001"})).await;
    tell(&world, "engaged").await;
    tell(&world, "released").await;
    let seen: Vec<_> = telegram
        .sent()
        .iter()
        .map(|it| (it.answers, it.edits))
        .collect();
    assert_eq!(seen, [(None, 0), (Some(1), 0)]);

    let (world, telegram) = bot(&json!({"chat": "-1001", "on_release": "edit"})).await;
    tell(&world, "engaged").await;
    tell(&world, "released").await;
    let sent = telegram.sent();
    assert_eq!((sent.len(), sent[0].edits), (1, 1));
    assert!(
        sent[0].text.starts_with("\u{2705} Disk of a\n"),
        "{}",
        sent[0].text
    );
    tell(&world, "engaged").await;
    telegram.delete_all();
    tell(&world, "released").await;
    assert_eq!(
        telegram.sent().len(),
        1,
        "the end goes as a message of its own"
    );
    assert_eq!(
        telegram.refused(),
        ["Bad Request: message to edit not found"]
    );
    assert!(world.dead_letters().await.is_empty());
}

#[tokio::test]
async fn what_is_gone_pauses_and_loses_nothing() {
    type Spoil = fn(&Telegram);
    let rows: [(Spoil, &str, &str, &str); 3] = [
        (Telegram::revoke, "-1001", "endpoint-gone", "Unauthorized"),
        (
            Telegram::kick,
            "-1001",
            "recipient-gone",
            "Forbidden: bot was kicked from the supergroup chat",
        ),
        (
            |_| {},
            "-1002",
            "recipient-gone",
            "Bad Request: chat not found",
        ),
    ];
    for (spoil, chat, reason, words) in rows {
        let (world, telegram) = bot(&json!({"chat": chat})).await;
        spoil(&telegram);
        post(&world, &disk("a", "engaged")).await;
        assert_eq!(paused(&world).await, reason);
        waits(&world, 1).await;
        assert_eq!(telegram.refused(), [words]);
    }
}

#[tokio::test]
async fn too_many_requests_are_tried_again_when_telegram_says() {
    let (world, telegram) = bot(&json!({"chat": "-1001"})).await;
    telegram.refuse_next(45);
    let before = world.clock.now();
    tell(&world, "engaged").await;
    assert_eq!(telegram.refused(), ["Too Many Requests: retry after 45"]);
    assert_eq!(telegram.sent().len(), 1);
    let retry_at = world.all_attempts().await[0].retry_at;
    assert!(
        retry_at >= Some(before + 45_000),
        "{retry_at:?} after {before}"
    );
    assert_eq!(reasons(&world).await, ["too-many-requests", "accepted"]);
}

#[tokio::test]
async fn a_group_that_became_a_supergroup_is_followed() {
    let (world, telegram) = bot(&json!({"chat": "-1001"})).await;
    telegram.upgrade("-1001", -100_777);
    tell(&world, "engaged").await;
    let sent = telegram.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].chat, "-100777");
    assert_eq!(reasons(&world).await, ["rebuilt", "accepted"]);
}

#[tokio::test]
async fn many_alerts_and_long_hostile_ones_arrive_within_every_limit() {
    let (world, telegram) = bot(&json!({"chat": "-1001"})).await;
    let all: Vec<_> = (0..15)
        .map(|at| disk(&format!("10.0.0.{at}"), "engaged"))
        .collect();
    post(&world, &json!(all)).await;
    all_arrive(&world, A_PACE).await;
    assert_eq!(telegram.sent().len(), 15);
    assert_eq!(telegram.refused(), [""; 0]);

    let (world, telegram) = bot(&json!({"chat": "-1001"})).await;
    let mut alert = disk("a", "engaged");
    alert["message"] = json!(long());
    post(&world, &alert).await;
    all_arrive(&world, A_PACE).await;
    let came: String = telegram.sent().into_iter().map(|it| it.text).collect();
    assert!(
        essence(&came).contains(&essence(&long())),
        "it is another text"
    );
    assert_eq!(telegram.refused(), [""; 0]);
    assert!(world.dead_letters().await.is_empty());
}

#[test]
fn the_fake_reads_markup_as_telegram_does() {
    for (html, expected) in [
        ("a <b>b</b> &lt;c&gt; &amp; &quot;", Some("a b <c> & \"")),
        ("<a href=\"https://x\">x</a>", Some("x")),
        ("a & b", None),
        ("a > b", None),
        ("<b>a", None),
        ("</b>a", None),
        ("<b><i>a</b></i>", None),
        ("<script>a</script>", None),
        ("&nbsp;", None),
        ("a <", None),
    ] {
        assert_eq!(seen_in_telegram(html).ok().as_deref(), expected, "{html}");
    }
}
