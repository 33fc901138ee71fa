//! Answers that cannot be true, or that no host of this contract knows.

use campanile_guest::{
    Batch, Body, Delivery, Encoding, Failure, HttpRequest, Message, Notification, Part, Problem,
    Recipient, Refusal, Request, Scheme,
};

use crate::{hook, mails, syslog, url};

/// What it answers, where `how` is one of these.
pub fn dequeue(
    how: &str,
    alerts: &[Notification],
    recipient: &Recipient,
) -> Option<Result<Batch, Failure>> {
    let message = || hook(recipient, "lie");
    let delivery = |alerts: &[u32]| Delivery {
        alerts: alerts.to_vec(),
        messages: vec![message()],
        tag: String::new(),
    };
    let batch = |deliveries: Vec<Delivery>| Batch {
        deliveries,
        refused: Vec::new(),
    };
    let refusal = |alert: u32| Refusal {
        alert,
        reason: String::from("no"),
    };
    let given = u32::try_from(alerts.len()).unwrap_or(u32::MAX);
    Some(Ok(match how {
        "names-nothing" => Batch::new(),
        "refuses-everything" => Batch {
            deliveries: Vec::new(),
            refused: (0..given).map(refusal).collect(),
        },
        "names-an-alert-it-was-not-given" => batch(vec![delivery(&[given])]),
        "names-the-last-number" => batch(vec![delivery(&[u32::MAX])]),
        "names-an-alert-twice" => batch(vec![delivery(&[0]), delivery(&[0])]),
        "sends-and-refuses" => Batch {
            deliveries: vec![delivery(&[0])],
            refused: vec![refusal(0)],
        },
        "delivers-no-alert" => batch(vec![delivery(&[])]),
        "delivers-no-message" => batch(vec![Delivery {
            messages: Vec::new(),
            ..delivery(&[0])
        }]),
        "ten-thousand-deliveries" => batch(vec![delivery(&[0]); 10_000]),
        "a-thousand-messages" => batch(vec![Delivery {
            messages: vec![message(); 1_000],
            ..delivery(&[0])
        }]),
        "a-tag-of-two-kilobytes" => batch(vec![Delivery {
            tag: "x".repeat(2048),
            ..delivery(&[0])
        }]),
        "a-reason-of-two-kilobytes" => Batch {
            deliveries: Vec::new(),
            refused: vec![Refusal {
                reason: "x".repeat(2048),
                ..refusal(0)
            }],
        },
        "five-megabytes" => batch(vec![Delivery {
            messages: vec![hook(recipient, &"x".repeat(5 << 20))],
            ..delivery(&[0])
        }]),
        "refuses" => Batch {
            deliveries: Vec::new(),
            refused: (0..given).map(refusal).collect(),
        },
        "invalid" => {
            return Some(Err(Failure::Invalid(vec![Problem {
                param: Some(String::from("how")),
                message: String::from("this can never work"),
                args: Vec::new(),
            }])));
        }
        "internal" => return Some(Err(Failure::Internal(String::from("a bad day")))),
        "spins-on-poison" => {
            if alerts.iter().any(|alert| alert.kind() == "poison") {
                loop {
                    std::hint::spin_loop();
                }
            }
            return None;
        }
        "poison" => {
            assert!(
                alerts.iter().all(|alert| alert.kind() != "poison"),
                "poisoned"
            );
            return None;
        }
        _ => {
            let message = mails::message(how)
                .or_else(|| syslog::message(how, recipient))
                .or_else(|| unknown(how, recipient))?;
            batch(vec![Delivery {
                messages: vec![message],
                ..delivery(&[0])
            }])
        }
    }))
}

/// Names that the host does not know.
fn unknown(how: &str, recipient: &Recipient) -> Option<Message> {
    let mut request = HttpRequest {
        method: String::from("POST"),
        url: vec![Part::Text(url(recipient, "/hook"))],
        query: Vec::new(),
        headers: Vec::new(),
        auth: Vec::new(),
        body: Body::None,
        extra: Vec::new(),
    };
    let text = |name: &str| (name.to_owned(), Vec::new());
    match how {
        "an-unknown-scheme" => request.auth.push(Scheme {
            name: String::from("digest"),
            fields: Vec::new(),
        }),
        "a-request-by-xoauth2" => request.auth.push(Scheme {
            name: String::from("xoauth2"),
            fields: vec![text("user"), text("token")],
        }),
        "an-unknown-field-of-a-scheme" => request.auth.push(Scheme {
            name: String::from("authorization"),
            fields: vec![text("value"), text("realm")],
        }),
        "a-scheme-without-its-field" => request.auth.push(Scheme {
            name: String::from("basic"),
            fields: vec![text("user")],
        }),
        "an-unknown-fact" => {
            let fact = (String::from("hostname"), Encoding::Raw);
            request.body = Body::Text(vec![Part::Fact(fact)]);
        }
        "an-unknown-encoding" => {
            let encoding = Encoding::Other(String::from("rot13"));
            request.body = Body::Text(vec![Part::Secret((String::from("token"), encoding))]);
        }
        "an-unknown-body" => request.body = Body::Other((String::from("multipart"), Vec::new())),
        "an-extra-field" => {
            let extra = (String::from("follow-redirects"), String::from("true"));
            request.extra.push(extra);
        }
        "an-empty-method" => request.method = String::new(),
        "a-method-that-was-not-granted" => request.method = String::from("DELETE"),
        "empty-headers" => {
            let name = |number: usize| (format!("x-{number:0100}"), Vec::new());
            request.headers = (0..200).map(name).collect();
        }
        "sixty-long-headers" => {
            let name = |number: usize| (format!("x-{number:0400}"), Vec::new());
            request.headers = (0..60).map(name).collect();
        }
        "sets-the-host" => {
            let value = vec![Part::Text(String::from("internal"))];
            request.headers.push((String::from("Host"), value));
        }
        _ if how.starts_with("sets-header-") => {
            let name = match &how["sets-header-".len()..] {
                "of-two-lines" => "x-a\r\nx-smuggled",
                "with-a-space" => "x a",
                "with-a-colon" => "x-a:",
                "without-a-name" => "",
                name => name,
            };
            let value = vec![Part::Text(String::from("1"))];
            request.headers.push((name.to_owned(), value));
        }
        "sets-authorization" => {
            let value = vec![Part::Text(String::from("Bearer x"))];
            request.headers.push((String::from("authorization"), value));
        }
        "smuggles-a-header" => {
            let value = vec![Part::Text(String::from("a\r\nx-smuggled: b"))];
            request.headers.push((String::from("x-plain"), value));
        }
        "a-user-in-the-url" => {
            let url = url(recipient, "/hook").replace("://", "://user:word@");
            return Some(Request::post(url).into());
        }
        "a-relative-url" => return Some(Request::post("/hook").into()),
        "another-path" => return Some(Request::post(url(recipient, "/admin")).into()),
        "a-path-upwards" => {
            return Some(Request::post(url(recipient, "/hook/../admin")).into());
        }
        _ => return None,
    }
    Some(Message::Http(request))
}
