//! The two values that cross the sandbox's boundary. Both are data and serialise, so that the process
//! which runs foreign code can be another one. An answer proves nothing: it holds positions, never a
//! tenant, an endpoint or an alert's id.

use campanile_contract::alert::{Action, Entity, Severity};
use campanile_contract::notification::Notification;
use campanile_contract::params::{Param, Problem};
use campanile_contract::text::{Arg, Piece};
use serde::{Deserialize, Serialize};

use crate::bounded;
use crate::message::{ALERTS, Batch, LIST, Message, Response, Verdict};
use crate::outcome::Reason;

/// One call of a component, with everything that it may know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Invocation {
    /// The answer must carry the same.
    pub nonce: u64,
    /// The digest of the component.
    pub component: String,
    /// Milliseconds since the Unix epoch: all that a component knows of the time.
    pub now: u64,
    /// What is called.
    pub call: Call,
}

/// What is called, with its arguments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Call {
    /// `lint`.
    Lint {
        /// Secrets read `set`.
        params: Vec<Param>,
        /// Whether the recipient's are there too.
        complete: bool,
    },
    /// `format-recipient-params`.
    FormatRecipientParams(Recipient),
    /// `dequeue-recipient-alerts`.
    Dequeue {
        /// For whom.
        recipient: Recipient,
        /// How many alerts it may take.
        budget: u32,
        /// The recipient's queue.
        notifications: Vec<Notification>,
    },
    /// `run-test`.
    RunTest(Recipient),
    /// `read-response`.
    ReadResponse {
        /// For whom.
        recipient: Recipient,
        /// The delivery's tag.
        tag: String,
        /// How many alerts the delivery carries.
        alerts: u32,
        /// What the manifest asked to read.
        response: Response,
    },
    /// A formatter's `format`.
    Format(Vec<Event>),
}

/// The recipient as a component sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recipient {
    /// The endpoint's name.
    pub endpoint: String,
    /// The recipient's name.
    pub name: String,
    /// BCP 47.
    pub language: String,
    /// IANA name.
    pub time_zone: String,
    /// Secrets read `set`.
    pub params: Vec<Param>,
}

/// An alert as a formatter sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The key of the definition.
    pub kind: String,
    /// A finer kind.
    pub subtype: Option<String>,
    /// How urgent it is.
    pub severity: Severity,
    /// Where it is in its life.
    pub action: Action,
    /// What it is about.
    pub entity: Entity,
    /// The sensor or interface that raised it.
    pub source: String,
    /// The threshold that was crossed.
    pub threshold: Option<f64>,
    /// The value that crossed it.
    pub value: Option<f64>,
    /// The fields that the definition asked for.
    pub fields: Vec<Arg>,
}

/// What came of an invocation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// That of the invocation.
    pub nonce: u64,
    /// What the component returned, or why it returned nothing.
    pub result: Result<Answered, Fault>,
    /// What it logged.
    #[serde(deserialize_with = "bounded::list::<_, _, LIST>")]
    pub log: Vec<LogLine>,
}

/// What a component returned, by function.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(
    clippy::large_enum_variant,
    reason = "one is alive at a time, and it is moved, not stored"
)]
pub enum Answered {
    /// Of `lint`.
    Problems(#[serde(deserialize_with = "bounded::list::<_, _, LIST>")] Vec<Problem>),
    /// Of `format-recipient-params`.
    Line(String),
    /// Of `dequeue-recipient-alerts`.
    Batch(Batch),
    /// Of `run-test`.
    Messages(#[serde(deserialize_with = "bounded::list::<_, _, LIST>")] Vec<Message>),
    /// Of `read-response`.
    Verdict(Verdict),
    /// Of `format`: one an event, in order.
    Descriptions(
        #[serde(deserialize_with = "bounded::list::<_, _, ALERTS>")]
        Vec<Result<Vec<Piece>, String>>,
    ),
    /// The failure `invalid`, of `dequeue-recipient-alerts` and `run-test`.
    Invalid(#[serde(deserialize_with = "bounded::list::<_, _, LIST>")] Vec<Problem>),
}

/// Why a call came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// By name.
    pub reason: Reason,
    /// What happened, for the component's author and the operator.
    pub detail: String,
}

impl Fault {
    /// A fault.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self {
            reason,
            detail: detail.into(),
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.reason, self.detail)
    }
}

/// A line that a component logged, or wrote to its standard output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// How it was logged.
    pub level: Level,
    /// At most 4 KiB; control characters are the reader's to escape.
    pub text: String,
}

/// How a component logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// For its author.
    Debug,
    /// Worth a line.
    Info,
    /// Something is odd.
    Warn,
    /// Something failed.
    Error,
}
