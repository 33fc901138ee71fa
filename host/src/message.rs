//! What a component asks the host to send, as data: the words between `sandbox`, `store` and `egress`.
//! Everything here is unfilled: a secret is a hole with a name, so it may be stored, shown and logged.

mod mail;
mod syslog;

use serde::{Deserialize, Serialize};

use crate::bounded;

pub use mail::{Login, Mail, Repeat};
pub use syslog::{Element, Syslog};

/// Elements of most lists in an answer: above every limit that is judged by name, and low enough that a list of
/// nothings takes no memory to speak of.
pub(crate) const LIST: usize = 1 << 10;

/// Alerts of one call, and what is said of each.
pub(crate) const ALERTS: usize = 4 << 10;

/// Pieces of one body: text and holes by turns.
const PIECES: usize = 16 << 10;

/// Text with holes that `egress` fills as it sends.
pub type Template = Vec<Part>;

/// A named template: a form field, a header.
pub type Field = (String, Template);

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// As it stands.
    Text(String),
    /// The value of a secret parameter; a row of one with rows is `name/key`.
    Secret(String, Encoding),
    /// What only the host knows.
    Fact(Fact, Encoding),
}

/// How a hole's value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// As it is.
    Raw,
    /// The inside of a JSON string.
    JsonString,
    /// One path segment or query value (RFC 3986 unreserved characters and `:` stay).
    Percent,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// RFC 4648, section 4, padded.
    Base64,
}

/// What only the host knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fact {
    /// The delivery's id, the same over all retries: an idempotency key.
    DeliveryId,
    /// When this attempt is made, in seconds since the Unix epoch.
    UnixSeconds,
    /// When this attempt is made, in UTC.
    Rfc3339,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Message {
    /// An HTTP request.
    Http(HttpRequest),
    /// A mail.
    Mail(Mail),
    /// A syslog line.
    Syslog(Syslog),
}

/// An HTTP request with holes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpRequest {
    /// In capitals.
    pub method: String,
    /// Without the query fields below.
    #[serde(deserialize_with = "bounded::list::<_, _, LIST>")]
    pub url: Template,
    /// Encoded and appended by the host.
    #[serde(default, deserialize_with = "bounded::list::<_, _, LIST>")]
    pub query: Vec<Field>,
    /// In order.
    #[serde(default, deserialize_with = "bounded::list::<_, _, LIST>")]
    pub headers: Vec<Field>,
    /// What the host adds to authenticate or sign.
    #[serde(default, deserialize_with = "bounded::list::<_, _, LIST>")]
    pub auth: Vec<Scheme>,
    /// The body.
    #[serde(default)]
    pub body: Body,
}

/// The body of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Body {
    /// No body.
    #[default]
    None,
    /// Text with holes.
    Text(#[serde(deserialize_with = "bounded::list::<_, _, PIECES>")] Template),
    /// Bytes, without holes.
    Bytes(Vec<u8>),
    /// `application/x-www-form-urlencoded`; the host encodes it.
    Form(#[serde(deserialize_with = "bounded::list::<_, _, LIST>")] Vec<Field>),
}

/// Authentication or a signature that the host adds. `wit/README.md` lists the schemes and their fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// `Authorization: <value>`; fields: `value`.
    Authorization {
        /// The whole header value, such as `Bearer ` and a secret.
        value: Template,
    },
    /// RFC 7617; fields: `user`, `password`.
    Basic {
        /// The user.
        user: Template,
        /// The password.
        password: Template,
    },
    /// Standard Webhooks 1.0: `webhook-id`, `webhook-timestamp`, `webhook-signature`; fields: `key`.
    StandardWebhooks {
        /// A parameter of kind `signing-key`: `whsec_` and base64, or any text.
        key: String,
    },
    /// `HMAC-SHA256` of the body in lower-case hex; fields: `key`, `header`, `prefix` (such as `sha256=`).
    HmacSha256 {
        /// A parameter of kind `signing-key`.
        key: String,
        /// The header that carries the signature.
        header: String,
        /// Put before the hex digits.
        prefix: String,
    },
}

/// Messages that carry these alerts, sent in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Positions of the notifications of the call that built it.
    #[serde(deserialize_with = "bounded::list::<_, _, ALERTS>")]
    pub alerts: Vec<u32>,
    /// At least one.
    #[serde(deserialize_with = "bounded::list::<_, _, LIST>")]
    pub messages: Vec<Message>,
    /// Given back to `read-response`.
    pub tag: String,
}

/// An alert that can never be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Position of the notification.
    pub alert: u32,
    /// The component's words.
    pub reason: String,
}

/// What one call made of the alerts that it was given. What is in neither list stays queued.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// What to send.
    #[serde(deserialize_with = "bounded::list::<_, _, LIST>")]
    pub deliveries: Vec<Delivery>,
    /// What can never be sent.
    #[serde(deserialize_with = "bounded::list::<_, _, ALERTS>")]
    pub refused: Vec<Refusal>,
}

/// What a component is given of a response: what its manifest asked to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    /// Which of the delivery's messages, counted from 0.
    pub message: u32,
    /// The HTTP status, or SMTP's code.
    pub status: u16,
    /// Declared headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The declared JSON pointers as an object, or the whole body.
    pub body: String,
    /// Whether more came than is shown.
    pub truncated: bool,
}

/// A component's reading of a response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Of the whole delivery.
    pub outcome: Judgement,
    /// The component's words.
    pub reason: String,
    /// Alerts that fared otherwise, by position in the delivery.
    #[serde(deserialize_with = "bounded::list::<_, _, ALERTS>")]
    pub exceptions: Vec<(u32, Judgement, String)>,
    /// Kept for later news, by position in the delivery.
    #[serde(deserialize_with = "bounded::list::<_, _, ALERTS>")]
    pub receipts: Vec<(u32, String)>,
    /// One more message is needed.
    pub next: Option<(Message, String)>,
    /// Milliseconds in which nothing more is sent to this destination.
    pub pause_destination: Option<u32>,
    /// Milliseconds in which nothing more is sent by this endpoint.
    pub pause_endpoint: Option<u32>,
    /// Recipient parameters that the destination renamed.
    #[serde(deserialize_with = "bounded::list::<_, _, LIST>")]
    pub changed: Vec<campanile_contract::params::Param>,
}

/// What a component makes of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Judgement {
    /// The host's own judgement, by status.
    Agree,
    /// It arrived.
    Delivered,
    /// At the message that failed, after so many milliseconds.
    Retry(Option<u32>),
    /// From the first message.
    Restart(Option<u32>),
    /// Never again.
    Rejected,
    /// The chat, channel or address is no more.
    RecipientGone,
    /// The credential is void.
    EndpointGone,
}
