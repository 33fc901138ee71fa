//! Between the contract's generated types and the host's words. What the host does not know is refused
//! by name; nothing is dropped.

use campanile_contract::alert::Entity;
use campanile_contract::params::{Param, Problem};
use campanile_contract::text::{Piece, Value};
use wasmtime::Result;

use super::bindings::endpoint::campanile::alerts as wit;
use super::bindings::endpoint::exports::campanile::alerts::endpoint;
use super::bindings::formatter::exports::campanile::alerts::formatter;
use super::boundary::{Event, Recipient};
use super::stop::Stop;
use crate::message::{
    Batch, Body, Delivery, Element, Encoding, Fact, Field, HttpRequest, Judgement, Login, Mail,
    Message, Part, Refusal, Response, Scheme, Syslog, Template, Verdict,
};
use crate::outcome::Reason;

fn unknown<T>(what: &str, name: &str) -> Result<T> {
    Err(Stop::error(
        Reason::UnknownName,
        format!("this host knows no {what} `{name}`"),
    ))
}

fn nothing_extra(extra: &[(String, String)]) -> Result<()> {
    extra
        .first()
        .map_or(Ok(()), |(name, _)| unknown("extra field", name))
}

// From components.

fn encoding(encoding: wit::delivery::Encoding) -> Result<Encoding> {
    Ok(match encoding {
        wit::delivery::Encoding::Raw => Encoding::Raw,
        wit::delivery::Encoding::JsonString => Encoding::JsonString,
        wit::delivery::Encoding::Percent => Encoding::Percent,
        wit::delivery::Encoding::Form => Encoding::Form,
        wit::delivery::Encoding::Base64 => Encoding::Base64,
        wit::delivery::Encoding::Other(name) => return unknown("encoding", &name),
    })
}

fn part(part: wit::delivery::Part) -> Result<Part> {
    Ok(match part {
        wit::delivery::Part::Text(text) => Part::Text(text),
        wit::delivery::Part::Secret((name, as_)) => Part::Secret(name, encoding(as_)?),
        wit::delivery::Part::Fact((name, as_)) => {
            let fact = match name.as_str() {
                "delivery-id" => Fact::DeliveryId,
                "unix-seconds" => Fact::UnixSeconds,
                "rfc3339" => Fact::Rfc3339,
                _ => return unknown("fact", &name),
            };
            Part::Fact(fact, encoding(as_)?)
        }
    })
}

fn template(parts: Vec<wit::delivery::Part>) -> Result<Template> {
    parts.into_iter().map(part).collect()
}

fn fields(fields: Vec<(String, Vec<wit::delivery::Part>)>) -> Result<Vec<Field>> {
    fields
        .into_iter()
        .map(|(name, value)| Ok((name, template(value)?)))
        .collect()
}

/// The fields of a scheme, each taken once; what is left over is unknown.
struct SchemeFields {
    scheme: String,
    fields: Vec<Field>,
}

impl SchemeFields {
    fn template(&mut self, name: &str) -> Result<Template> {
        match self.fields.iter().position(|(field, _)| field == name) {
            Some(at) => Ok(self.fields.swap_remove(at).1),
            None => Err(Stop::error(
                Reason::UnknownName,
                format!("the scheme `{}` needs the field `{name}`", self.scheme),
            )),
        }
    }

    fn text(&mut self, name: &str) -> Result<String> {
        match self.template(name)?.as_slice() {
            [] => Ok(String::new()),
            [Part::Text(text)] => Ok(text.clone()),
            _ => Err(Stop::error(
                Reason::UnknownName,
                format!(
                    "the field `{name}` of the scheme `{}` is text without holes",
                    self.scheme
                ),
            )),
        }
    }

    fn key(&mut self) -> Result<String> {
        match self.template("key")?.as_slice() {
            [Part::Secret(name, Encoding::Raw)] => Ok(name.clone()),
            _ => Err(Stop::error(
                Reason::SecretPlace,
                format!(
                    "the field `key` of the scheme `{}` is exactly one signing key",
                    self.scheme
                ),
            )),
        }
    }

    fn done<T>(self, scheme: T) -> Result<T> {
        match self.fields.first() {
            Some((name, _)) => unknown(&format!("field of the scheme `{}`", self.scheme), name),
            None => Ok(scheme),
        }
    }
}

fn scheme(scheme: wit::delivery::Scheme) -> Result<Scheme> {
    let mut given = SchemeFields {
        fields: fields(scheme.fields)?,
        scheme: scheme.name,
    };
    let scheme = match given.scheme.as_str() {
        "authorization" => Scheme::Authorization {
            value: given.template("value")?,
        },
        "basic" => Scheme::Basic {
            user: given.template("user")?,
            password: given.template("password")?,
        },
        "standard-webhooks" => Scheme::StandardWebhooks { key: given.key()? },
        "hmac-sha256" => Scheme::HmacSha256 {
            key: given.key()?,
            header: given.text("header")?,
            prefix: given.text("prefix")?,
        },
        name => return unknown("scheme", name),
    };
    given.done(scheme)
}

fn body(body: wit::delivery::Body) -> Result<Body> {
    Ok(match body {
        wit::delivery::Body::None => Body::None,
        wit::delivery::Body::Text(text) => Body::Text(template(text)?),
        wit::delivery::Body::Bytes(bytes) => Body::Bytes(bytes),
        wit::delivery::Body::Form(form) => Body::Form(fields(form)?),
        wit::delivery::Body::Other((name, _)) => return unknown("body", &name),
    })
}

/// How a mail logs in: one scheme at most, and not those of HTTP.
fn login(mut schemes: Vec<wit::delivery::Scheme>) -> Result<Option<Login>> {
    let Some(scheme) = schemes.pop() else {
        return Ok(None);
    };
    if !schemes.is_empty() {
        return Err(Stop::error(
            Reason::UnknownName,
            "a mail has one scheme at most",
        ));
    }
    let mut given = SchemeFields {
        fields: fields(scheme.fields)?,
        scheme: scheme.name,
    };
    let login = match given.scheme.as_str() {
        "basic" => Login::Basic {
            user: given.template("user")?,
            password: given.template("password")?,
        },
        "xoauth2" => Login::Xoauth2 {
            user: given.template("user")?,
            token: given.template("token")?,
        },
        name => return unknown("scheme of a mail", name),
    };
    given.done(Some(login))
}

fn mail(mail: wit::delivery::Mail) -> Result<Mail> {
    nothing_extra(&mail.extra)?;
    Ok(Mail {
        server: mail.server,
        login: login(mail.auth)?,
        from: mail.from,
        from_name: mail.from_name,
        to: mail.to,
        cc: mail.cc,
        headers: mail.headers,
        subject: mail.subject,
        text: mail.text,
        html: mail.html,
        threads: mail.threads,
        repeat: None,
    })
}

/// A server's address without holes: a syslog line has no place for a secret.
fn syslog_server(parts: Vec<wit::delivery::Part>) -> Result<String> {
    let text = |part| match part {
        Part::Text(text) => Ok(text),
        Part::Secret(name, _) => Err(Stop::error(
            Reason::SecretPlace,
            format!("the secret `{name}` stands in a syslog line, which has no place for one"),
        )),
        Part::Fact(..) => Err(Stop::error(
            Reason::UnknownName,
            "the server of a syslog line is text without holes",
        )),
    };
    template(parts)?.into_iter().map(text).collect()
}

fn syslog(line: wit::delivery::Syslog) -> Result<Syslog> {
    nothing_extra(&line.extra)?;
    let element = |(id, params)| Element { id, params };
    Ok(Syslog {
        server: syslog_server(line.server)?,
        facility: line.facility,
        severity: line.severity,
        timestamp: line.timestamp,
        hostname: line.hostname,
        app_name: line.app_name,
        message_id: line.message_id,
        structured_data: line.structured_data.into_iter().map(element).collect(),
        message: line.message,
    })
}

pub(crate) fn message(message: wit::delivery::Message) -> Result<Message> {
    Ok(match message {
        wit::delivery::Message::Http(request) => {
            nothing_extra(&request.extra)?;
            Message::Http(HttpRequest {
                method: request.method,
                url: template(request.url)?,
                query: fields(request.query)?,
                headers: fields(request.headers)?,
                auth: request
                    .auth
                    .into_iter()
                    .map(scheme)
                    .collect::<Result<_>>()?,
                body: body(request.body)?,
            })
        }
        wit::delivery::Message::Mail(given) => Message::Mail(mail(given)?),
        wit::delivery::Message::Syslog(line) => Message::Syslog(syslog(line)?),
        wit::delivery::Message::Other(custom) => return unknown("message", &custom.kind),
    })
}

pub(crate) fn messages(given: Vec<wit::delivery::Message>) -> Result<Vec<Message>> {
    given.into_iter().map(message).collect()
}

pub(crate) fn batch(batch: wit::delivery::Batch) -> Result<Batch> {
    Ok(Batch {
        deliveries: batch
            .deliveries
            .into_iter()
            .map(|delivery| {
                Ok(Delivery {
                    alerts: delivery.alerts,
                    messages: messages(delivery.messages)?,
                    tag: delivery.tag,
                })
            })
            .collect::<Result<_>>()?,
        refused: batch
            .refused
            .into_iter()
            .map(|refusal| Refusal {
                alert: refusal.alert,
                reason: refusal.reason,
            })
            .collect(),
    })
}

fn judgement(outcome: wit::delivery::Outcome) -> Judgement {
    match outcome {
        wit::delivery::Outcome::Agree => Judgement::Agree,
        wit::delivery::Outcome::Delivered => Judgement::Delivered,
        wit::delivery::Outcome::Retry(after) => Judgement::Retry(after),
        wit::delivery::Outcome::Restart(after) => Judgement::Restart(after),
        wit::delivery::Outcome::Rejected => Judgement::Rejected,
        wit::delivery::Outcome::RecipientGone => Judgement::RecipientGone,
        wit::delivery::Outcome::EndpointGone => Judgement::EndpointGone,
    }
}

pub(crate) fn verdict(verdict: wit::delivery::Verdict) -> Result<Verdict> {
    nothing_extra(&verdict.extra)?;
    Ok(Verdict {
        outcome: judgement(verdict.outcome),
        reason: verdict.reason,
        exceptions: verdict
            .exceptions
            .into_iter()
            .map(|exception| {
                (
                    exception.alert,
                    judgement(exception.outcome),
                    exception.reason,
                )
            })
            .collect(),
        receipts: verdict.receipts,
        next: verdict
            .next
            .map(|next| Ok::<_, wasmtime::Error>((message(next.message)?, next.tag)))
            .transpose()?,
        pause_destination: verdict.pause_destination,
        pause_endpoint: verdict.pause_endpoint,
        changed: verdict
            .changed
            .into_iter()
            .map(|param| Param {
                name: param.name,
                key: param.key,
                value: param.value,
            })
            .collect(),
    })
}

pub(crate) fn problem(problem: wit::params::Problem) -> Problem {
    Problem {
        param: problem.param,
        message: problem.message,
        args: problem.args,
    }
}

pub(crate) fn arg((name, value): (String, wit::text::Value)) -> Result<(String, Value)> {
    let value = match value {
        wit::text::Value::Text(text) => Value::Text(text),
        wit::text::Value::Integer(number) => Value::Integer(number),
        wit::text::Value::Number(number) => Value::Number(number),
        wit::text::Value::Bytes(bytes) => Value::Bytes(bytes),
        wit::text::Value::Duration(ms) => Value::Duration(ms),
        wit::text::Value::Instant(ms) => Value::Instant(ms),
        wit::text::Value::Entity(entity) => Value::Entity(entity.into()),
        wit::text::Value::Key(key) => Value::Key(key),
        wit::text::Value::Other((kind, _)) => return unknown("kind of value", &kind),
    };
    Ok((name, value))
}

pub(crate) fn piece(piece: formatter::Piece) -> Result<Piece> {
    Ok(match piece {
        formatter::Piece::Key((key, args)) => {
            Piece::Key(key, args.into_iter().map(arg).collect::<Result<_>>()?)
        }
        formatter::Piece::Plain(text) => Piece::Plain(text),
        formatter::Piece::Strong(text) => Piece::Strong(text),
        formatter::Piece::Code(text) => Piece::Code(text),
        formatter::Piece::Link((text, url)) => Piece::Link(text, url),
        formatter::Piece::Entity(entity) => Piece::Entity(entity.into()),
    })
}

// To components.

pub(crate) fn params(params: Vec<Param>) -> Vec<wit::params::Param> {
    params
        .into_iter()
        .map(|param| wit::params::Param {
            name: param.name,
            key: param.key,
            value: param.value,
        })
        .collect()
}

pub(crate) fn recipient(recipient: Recipient) -> endpoint::Recipient {
    endpoint::Recipient {
        endpoint: recipient.endpoint,
        name: recipient.name,
        language: recipient.language,
        params: params(recipient.params),
        extra: Vec::new(),
    }
}

pub(crate) fn response(response: Response) -> wit::delivery::Response {
    wit::delivery::Response {
        message: response.message,
        status: response.status,
        headers: response.headers,
        body: response.body,
        truncated: response.truncated,
        extra: Vec::new(),
    }
}

pub(crate) fn event(event: Event) -> formatter::Event {
    formatter::Event {
        kind: event.kind,
        subtype: event.subtype,
        severity: event.severity.into(),
        action: event.action.into(),
        entity: event.entity.into(),
        source: event.source,
        threshold: event.threshold,
        value: event.value,
        fields: event
            .fields
            .into_iter()
            .map(|(name, field)| (name, value(field)))
            .collect(),
    }
}

fn value(value: Value) -> wit::text::Value {
    match value {
        Value::Text(text) => wit::text::Value::Text(text),
        Value::Integer(number) => wit::text::Value::Integer(number),
        Value::Number(number) => wit::text::Value::Number(number),
        Value::Bytes(bytes) => wit::text::Value::Bytes(bytes),
        Value::Duration(ms) => wit::text::Value::Duration(ms),
        Value::Instant(ms) => wit::text::Value::Instant(ms),
        Value::Entity(entity) => wit::text::Value::Entity(entity.into()),
        Value::Key(key) => wit::text::Value::Key(key),
    }
}

impl From<Entity> for wit::alert::Entity {
    fn from(entity: Entity) -> Self {
        Self {
            kind: entity.kind,
            value: entity.value,
            name: entity.name,
        }
    }
}

impl From<wit::alert::Entity> for Entity {
    fn from(entity: wit::alert::Entity) -> Self {
        Self {
            kind: entity.kind,
            value: entity.value,
            name: entity.name,
        }
    }
}
