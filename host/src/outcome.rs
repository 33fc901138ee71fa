//! How attempts end: outcomes, their named reasons, and the retry schedule. Pure: no I/O, and `now` and
//! random numbers are handed in.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Millis;

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $class:ident;)+) => {
        /// Why something ended as it did: one list for log, metric, API and page.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        pub enum Reason {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)+
        }

        impl Reason {
            /// Every reason, in the order of this file.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The stable name, as it is stored and shown.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// What a tenant is told.
            #[must_use]
            pub fn class(self) -> Class {
                match self {
                    $(Self::$variant => Class::$class,)+
                }
            }
        }
    };
}

reasons! {
    /// The destination answered 2xx.
    Accepted = "accepted", Delivered;
    /// A syslog line was written to its end: no server of syslog says more.
    Written = "written", Delivered;
    /// The component read the response as a success.
    ComponentSaysDelivered = "component-says-delivered", Delivered;
    /// The component read the response as a success, but the status was 5xx.
    Overruled = "overruled", BadResponse;

    // What the egress policy refuses. Nothing was dialled.
    /// The URL cannot be parsed.
    Url = "url", NotAllowed;
    /// Neither https, nor another scheme that was granted.
    Scheme = "scheme", NotAllowed;
    /// A user or password stands in the URL.
    UserInfo = "user-info", NotAllowed;
    /// No route allows this method, origin and path.
    Route = "route", NotAllowed;
    /// A route allows it, but the tenant did not grant the endpoint that.
    NotGranted = "not-granted", NotAllowed;
    /// It was granted, but is over the ceiling that the operator put over the tenant.
    OverCeiling = "over-ceiling", NotAllowed;
    /// A secret stands where the manifest does not allow it.
    SecretPlace = "secret-place", NotAllowed;
    /// A secret is not set, or was entered for another destination.
    EnterSecretAgain = "enter-secret-again", NotAllowed;
    /// A header that the host owns.
    HeaderName = "header-name", NotAllowed;
    /// A header value with control characters.
    HeaderValue = "header-value", NotAllowed;
    /// A mail's sender or recipient is no address that a parameter holds, or there is none.
    MailAddress = "mail-address", NotAllowed;
    /// A field of a syslog line is out of its range, too long, or has characters that it cannot have.
    SyslogField = "syslog-field", NotAllowed;
    /// URL, headers, body or line are over the limit.
    RequestTooLarge = "request-too-large", NotAllowed;
    /// A name of a single label, which a search domain would complete.
    SingleLabel = "single-label", NotAllowed;
    /// An address of the answer is not global unicast and not opened by the operator.
    ForbiddenAddress = "forbidden-address", NotAllowed;
    /// An address or listener of this host.
    OwnAddress = "own-address", NotAllowed;

    // What the network does.
    /// The name does not resolve.
    Unresolvable = "unresolvable", Unreachable;
    /// The connection was refused or could not be made.
    ConnectionRefused = "connection-refused", Unreachable;
    /// TLS could not be agreed, or the certificate is not valid.
    Tls = "tls", Unreachable;
    /// No connection in time.
    ConnectTimeout = "connect-timeout", Timeout;
    /// No first byte of a response in time; the request may have arrived.
    FirstByteTimeout = "first-byte-timeout", Timeout;
    /// The response stalled; the request may have arrived.
    ReadTimeout = "read-timeout", Timeout;
    /// The attempt as a whole took too long; the request may have arrived.
    TotalTimeout = "total-timeout", Timeout;
    /// The connection broke after the request was sent: it may have arrived.
    AnswerLost = "answer-lost", BadResponse;
    /// What came is not HTTP, no mail server's, or anything at all from a syslog server.
    BadResponse = "bad-response", BadResponse;
    /// The mail server does not offer STARTTLS, or refuses it: nothing is sent in clear.
    NoStartTls = "no-starttls", BadResponse;
    /// The mail server offers no way to log in that the component asked for.
    NoLogin = "no-login", BadResponse;
    /// The response is encoded though identity was asked for.
    ResponseEncoding = "response-encoding", BadResponse;
    /// It was accepted, but the component failed to read the response: it may have arrived.
    UnreadResponse = "unread-response", BadResponse;
    /// The body of a response that had to be read is over the limit.
    ResponseTooLarge = "response-too-large", BadResponse;

    // What the destination says.
    /// 3xx: redirects are not followed.
    Redirect = "redirect", BadResponse;
    /// 404.
    NotFound = "not-found", BadResponse;
    /// 408 or 425.
    TryAgain = "try-again", BadResponse;
    /// 410.
    Gone = "gone", BadResponse;
    /// 429.
    TooManyRequests = "too-many-requests", BadResponse;
    /// Any other 4xx, or a status that is none.
    ClientError = "client-error", BadResponse;
    /// 5xx.
    ServerError = "server-error", BadResponse;
    /// The mail server took the mail, but not for every address.
    SomeRefused = "some-refused", Delivered;
    /// The mail server says 4xx: not now.
    MailLater = "mail-later", BadResponse;
    /// The mail server says 5xx: never.
    MailRefused = "mail-refused", BadResponse;
    /// The component says: the chat, channel or address is no more.
    RecipientGone = "recipient-gone", BadResponse;
    /// The component says: the credential is void.
    EndpointGone = "endpoint-gone", BadResponse;
    /// The component says: never again.
    ComponentSaysRejected = "component-says-rejected", BadResponse;
    /// The component says: later.
    ComponentSaysRetry = "component-says-retry", BadResponse;

    // What a component does.
    /// The component says that this alert can never be sent.
    Refused = "refused", Component;
    /// The set-up cannot work: the component's own words are shown.
    InvalidParameters = "invalid-parameters", Component;
    /// The component reported a failure of its own.
    ComponentFailed = "component-failed", Component;
    /// The host has no process for the component to run in, or not its code: no fault of the component's.
    NoSandbox = "no-sandbox", Component;
    /// The component trapped.
    Trap = "trap", Component;
    /// The component used up its CPU or wall time.
    Deadline = "deadline", Component;
    /// The process that ran the component did what no sandbox process may do.
    EscapeAttempt = "escape-attempt", Component;
    /// The component asked for more memory than it may have.
    Memory = "memory", Component;
    /// Too many live handles or calls of host functions.
    HostCalls = "host-calls", Component;
    /// More deliveries, or a larger answer, than is allowed.
    AnswerTooLarge = "answer-too-large", Component;
    /// A delivery names an alert that was not given out in this call.
    UnknownAlert = "unknown-alert", Component;
    /// An alert is named twice.
    Contradiction = "contradiction", Component;
    /// A delivery without alerts, or without messages.
    EmptyDelivery = "empty-delivery", Component;
    /// A scheme, fact, encoding or message kind that this host does not know.
    UnknownName = "unknown-name", Component;
    /// An alert was given out again and again, and never named.
    NoProgress = "no-progress", Component;
    /// More follow-up messages than are allowed, or to another origin.
    FollowUp = "follow-up", Component;
    /// The alert fails its component even alone.
    Poison = "poison", Component;
    /// The component is not installed any more.
    ComponentMissing = "component-missing", Component;

    // What the host decides.
    /// The retry schedule has ended.
    Expired = "expired", Expired;
    /// The delivery was rejected as a whole and is tried again in halves.
    Halved = "halved", BadResponse;
    /// The parameters changed since it was built: it is built again.
    Rebuilt = "rebuilt", BadResponse;
    /// A newer component asks for more than was granted: the older one goes on until somebody consents.
    ConsentNeeded = "consent-needed", NotAllowed;
    /// The recipient was removed.
    RecipientRemoved = "recipient-removed", NotAllowed;
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Reason {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .find(|reason| reason.as_str() == name)
            .copied()
            .ok_or_else(|| format!("there is no reason `{name}`"))
    }
}

/// The few classes that a tenant is told, so that no error reveals the operator's network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// It arrived.
    Delivered,
    /// The policy forbids it.
    NotAllowed,
    /// Nobody is there.
    Unreachable,
    /// Too slow.
    Timeout,
    /// An answer that is no success.
    BadResponse,
    /// The component is at fault.
    Component,
    /// Too late.
    Expired,
}

/// How one attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It arrived.
    Delivered,
    /// To be tried again, not before `after` from now.
    Retry {
        /// What the destination asked for, capped; otherwise the schedule decides.
        after: Option<Duration>,
    },
    /// Never again.
    Rejected,
    /// The recipient or the credential is no more.
    Gone,
    /// The schedule has ended.
    Expired,
}

impl Outcome {
    /// The name, as it is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Retry { .. } => "retry",
            Self::Rejected => "rejected",
            Self::Gone => "gone",
            Self::Expired => "expired",
        }
    }
}

/// The longest wait that a destination or a component may ask for: a day, so that neither can park an
/// alert for ever.
pub const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// The host's own judgement of an HTTP status; `retry_after` is what the response asked for.
#[must_use]
pub fn judge_status(status: u16, retry_after: Option<Duration>) -> (Outcome, Reason) {
    let retry = Outcome::Retry {
        after: retry_after.map(|after| after.min(LONGEST_WAIT)),
    };
    match status {
        200..=299 => (Outcome::Delivered, Reason::Accepted),
        300..=399 => (Outcome::Rejected, Reason::Redirect),
        404 => (Outcome::Rejected, Reason::NotFound),
        408 | 425 => (retry, Reason::TryAgain),
        410 => (Outcome::Gone, Reason::Gone),
        429 => (retry, Reason::TooManyRequests),
        500..=599 => (retry, Reason::ServerError),
        _ => (Outcome::Rejected, Reason::ClientError),
    }
}

/// The host's own judgement of a mail server's last word: RFC 5321, section 4.2.1. `some_refused` says
/// whether it took the mail for some addresses only.
#[must_use]
pub fn judge_reply(code: u16, some_refused: bool) -> (Outcome, Reason) {
    match code {
        200..=299 if some_refused => (Outcome::Delivered, Reason::SomeRefused),
        200..=299 => (Outcome::Delivered, Reason::Accepted),
        500..=599 => (Outcome::Rejected, Reason::MailRefused),
        // 4xx, and what is none of these: it was not taken, and nobody said never.
        _ => (Outcome::Retry { after: None }, Reason::MailLater),
    }
}

/// What follows from a failure before any status came.
#[must_use]
pub fn judge_failure(reason: Reason) -> Outcome {
    match reason.class() {
        Class::Unreachable | Class::Timeout | Class::BadResponse => Outcome::Retry { after: None },
        Class::Delivered | Class::NotAllowed | Class::Component | Class::Expired => {
            Outcome::Rejected
        }
    }
}

/// `Retry-After` in both its forms (RFC 9110, section 10.2.3): seconds, or a date. `None` where it is
/// neither.
#[must_use]
pub fn retry_after(value: &str, now: Millis) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number holds is still a wait, and is capped like any other.
        return Some(value.parse().map_or(LONGEST_WAIT, Duration::from_secs));
    }
    let date = jiff::fmt::rfc2822::parse(value).ok()?;
    let at = u64::try_from(date.timestamp().as_millisecond()).ok()?;
    Some(Duration::from_millis(at.saturating_sub(now)))
}

/// When a failed delivery is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    delays: Vec<Duration>,
}

impl Default for Schedule {
    /// Standard Webhooks' recommendation, a little denser at the start and three days in all.
    fn default() -> Self {
        const MINUTE: u64 = 60;
        const HOUR: u64 = 60 * MINUTE;
        let mut delays = vec![5, 30, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR];
        while delays.iter().sum::<u64>() + 4 * HOUR <= 3 * 24 * HOUR {
            delays.push(4 * HOUR);
        }
        Self {
            delays: delays.into_iter().map(Duration::from_secs).collect(),
        }
    }
}

impl Schedule {
    /// The wait after this many failures (from 1 on), or `None` when the schedule has ended. `random` in
    /// 0..1 adds up to 20 %, so that what failed together does not come back together; the wait is never
    /// shorter than what was asked for.
    #[must_use]
    pub fn wait(&self, failures: u32, asked: Option<Duration>, random: f64) -> Option<Duration> {
        let planned = self.delays.get(failures.saturating_sub(1) as usize)?;
        let least = asked.map_or(*planned, |asked| asked.min(LONGEST_WAIT));
        Some(least.mul_f64(1.0 + 0.2 * random.clamp(0.0, 1.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_the_outcome_that_the_design_says() {
        let retry = Outcome::Retry { after: None };
        let rows = [
            (100, Outcome::Rejected, Reason::ClientError),
            (199, Outcome::Rejected, Reason::ClientError),
            (200, Outcome::Delivered, Reason::Accepted),
            (204, Outcome::Delivered, Reason::Accepted),
            (299, Outcome::Delivered, Reason::Accepted),
            (300, Outcome::Rejected, Reason::Redirect),
            (302, Outcome::Rejected, Reason::Redirect),
            (399, Outcome::Rejected, Reason::Redirect),
            (400, Outcome::Rejected, Reason::ClientError),
            (401, Outcome::Rejected, Reason::ClientError),
            (404, Outcome::Rejected, Reason::NotFound),
            (407, Outcome::Rejected, Reason::ClientError),
            (408, retry, Reason::TryAgain),
            (409, Outcome::Rejected, Reason::ClientError),
            (410, Outcome::Gone, Reason::Gone),
            (424, Outcome::Rejected, Reason::ClientError),
            (425, retry, Reason::TryAgain),
            (426, Outcome::Rejected, Reason::ClientError),
            (428, Outcome::Rejected, Reason::ClientError),
            (429, retry, Reason::TooManyRequests),
            (499, Outcome::Rejected, Reason::ClientError),
            (500, retry, Reason::ServerError),
            (599, retry, Reason::ServerError),
            (600, Outcome::Rejected, Reason::ClientError),
        ];
        for (status, outcome, reason) in rows {
            assert_eq!(judge_status(status, None), (outcome, reason), "{status}");
        }
    }

    #[test]
    fn a_mail_servers_codes_are_not_https() {
        let retry = Outcome::Retry { after: None };
        for (code, some_refused, outcome, reason) in [
            (250, false, Outcome::Delivered, Reason::Accepted),
            (250, true, Outcome::Delivered, Reason::SomeRefused),
            (251, false, Outcome::Delivered, Reason::Accepted),
            (354, false, retry, Reason::MailLater),
            (404, false, retry, Reason::MailLater),
            (410, false, retry, Reason::MailLater),
            (421, false, retry, Reason::MailLater),
            (451, true, retry, Reason::MailLater),
            (454, false, retry, Reason::MailLater),
            (500, false, Outcome::Rejected, Reason::MailRefused),
            (535, false, Outcome::Rejected, Reason::MailRefused),
            (550, true, Outcome::Rejected, Reason::MailRefused),
            (599, false, Outcome::Rejected, Reason::MailRefused),
            (600, false, retry, Reason::MailLater),
        ] {
            assert_eq!(
                judge_reply(code, some_refused),
                (outcome, reason),
                "{code} {some_refused}"
            );
        }
    }

    #[test]
    fn retry_after_is_read_in_both_its_forms() {
        let now = 1_700_000_000_000;
        let rows = [
            ("2", Some(2)),
            (" 120 ", Some(120)),
            ("0", Some(0)),
            ("Tue, 14 Nov 2023 22:13:50 GMT", Some(30)),
            ("Tue, 14 Nov 2023 22:13:20 GMT", Some(0)),
            ("Tue, 14 Nov 2023 22:13:10 GMT", Some(0)),
            ("99999999999999999999999999", Some(24 * 3600)),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ];
        for (value, seconds) in rows {
            assert_eq!(
                retry_after(value, now),
                seconds.map(Duration::from_secs),
                "{value:?}"
            );
        }
    }

    #[test]
    fn the_schedule_lasts_three_days_and_jitter_never_shortens_a_wait() {
        let schedule = Schedule::default();
        let total: Duration = schedule.delays.iter().sum();
        assert!(
            total <= Duration::from_secs(3 * 24 * 3600) && total > Duration::from_secs(68 * 3600)
        );
        assert_eq!(schedule.wait(1, None, 0.0), Some(Duration::from_secs(5)));
        assert_eq!(schedule.wait(1, None, 1.0), Some(Duration::from_secs(6)));
        assert_eq!(schedule.wait(2, None, 0.0), Some(Duration::from_secs(30)));
        assert_eq!(
            schedule.wait(1, Some(Duration::from_secs(2)), 0.0),
            Some(Duration::from_secs(2))
        );
        assert!(
            schedule.wait(1, Some(Duration::from_secs(2)), 0.9) >= Some(Duration::from_secs(2))
        );
        assert_eq!(
            schedule.wait(1, Some(Duration::MAX), 0.0),
            Some(LONGEST_WAIT)
        );
        assert_eq!(
            schedule.wait(u32::try_from(schedule.delays.len()).unwrap() + 1, None, 0.0),
            None
        );
    }

    #[test]
    fn every_reason_reads_back_from_its_name_and_names_are_unique() {
        for reason in Reason::ALL {
            assert_eq!(reason.as_str().parse::<Reason>().as_ref(), Ok(reason));
        }
        assert!("no-such-reason".parse::<Reason>().is_err());
    }
}
