//! The keys of a native alert, and the limits of their values.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use campanile_contract::alert::{Action, Entity, Severity};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::alert::{Alert, labels, time};
use crate::clock::Millis;
use crate::intake::explain::segment;
use crate::intake::identity::Ids;
use crate::intake::{Arrival, Code, Fault, details, fingerprint, limits};

/// As it stands in JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Form<'a> {
    kind: String,
    #[serde(default)]
    subtype: Option<String>,
    #[serde(default)]
    severity: Option<Severity>,
    #[serde(default)]
    score: Option<u32>,
    #[serde(default)]
    action: Option<Action>,
    #[serde(deserialize_with = "object")]
    entity: Entity,
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    category: Option<String>,
    #[serde(default, borrow)]
    starts_at: Option<Moment<'a>>,
    #[serde(default, borrow)]
    ends_at: Option<Moment<'a>>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default, with = "labels")]
    labels: Vec<(String, String)>,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    threshold: Option<f64>,
    #[serde(default)]
    value: Option<f64>,
    #[serde(default)]
    fingerprint: Option<String>,
    #[serde(default, borrow)]
    details: Option<&'a RawValue>,
}

impl Form<'_> {
    /// The alert, when all values are within their limits.
    pub(super) fn check(self, arrival: Arrival<'_>, ids: &mut Ids) -> Result<Alert, Fault> {
        limits::kind(".kind", &self.kind)?;
        limits::name(".entity.kind", &self.entity.kind)?;
        limits::name(".entity.value", &self.entity.value)?;
        for (path, text) in [
            (".entity.name", &self.entity.name),
            (".subtype", &self.subtype),
            (".category", &self.category),
            (".fingerprint", &self.fingerprint),
        ] {
            text.as_deref()
                .map_or(Ok(()), |text| limits::name(path, text))?;
        }
        let source = self.source.unwrap_or_default();
        limits::line(".source", &source)?;
        self.title
            .as_deref()
            .map_or(Ok(()), |text| limits::text(".title", text, limits::TITLE))?;
        self.message.as_deref().map_or(Ok(()), |text| {
            limits::text(".message", text, limits::MESSAGE)
        })?;
        self.url
            .as_deref()
            .map_or(Ok(()), |url| limits::url(".url", url))?;
        check_labels(&self.labels)?;
        let starts_at = self
            .starts_at
            .map(|moment| moment.millis(".starts_at"))
            .transpose()?;
        let ends_at = self
            .ends_at
            .map(|moment| moment.millis(".ends_at"))
            .transpose()?;
        let fingerprint = match &self.fingerprint {
            Some(given) => fingerprint::of(arrival.scope, "given", &[given]),
            None => {
                let subtype = self.subtype.as_deref().unwrap_or_default();
                let parts = [
                    &self.kind,
                    subtype,
                    &self.entity.kind,
                    &self.entity.value,
                    &source,
                ];
                fingerprint::of(arrival.scope, "derived", &parts)
            }
        };
        Ok(Alert {
            details: self
                .details
                .map(|raw| details::checked(".details", raw))
                .transpose()?,
            id: ids.next(),
            kind: self.kind,
            subtype: self.subtype,
            severity: self.severity.unwrap_or(Severity::Notice),
            score: self.score,
            action: self.action.unwrap_or_default(),
            entity: self.entity,
            source,
            category: self.category,
            starts_at: starts_at.unwrap_or(arrival.now),
            ends_at,
            title: self.title,
            message: self.message,
            labels: self.labels,
            url: self.url,
            threshold: self.threshold,
            value: self.value,
            fingerprint,
        })
    }
}

fn check_labels(labels: &[(String, String)]) -> Result<(), Fault> {
    if labels.len() > limits::LABELS {
        let detail = format!(
            "{} labels; at most {} are taken",
            labels.len(),
            limits::LABELS
        );
        return Err(Fault::new(".labels", Code::TooMany, detail));
    }
    for (index, (key, value)) in labels.iter().enumerate() {
        let path = || format!(".labels{}", segment(key));
        limits::name(".labels", key)?;
        limits::text("", value, limits::NAME).map_err(|fault| Fault {
            path: path(),
            ..fault
        })?;
        if labels[..index].iter().any(|(earlier, _)| earlier == key) {
            return Err(Fault::new(
                path(),
                Code::DuplicateField,
                format!("the label `{key}` stands twice"),
            ));
        }
    }
    Ok(())
}

/// A time as it stands in JSON.
enum Moment<'a> {
    Text(Cow<'a, str>),
    Seconds(f64),
}

impl Moment<'_> {
    fn millis(self, path: &str) -> Result<Millis, Fault> {
        match self {
            Self::Text(text) => time::parse(&text).ok_or_else(|| {
                let detail = format!("`{text}` is not an RFC 3339 time within 1970 to 9999, such as 2024-07-09T09:24:33Z");
                Fault::new(path, Code::OutOfRange, detail)
            }),
            Self::Seconds(seconds) => time::from_seconds(seconds).ok_or_else(|| {
                let detail = format!("{seconds} is not a number of seconds since the epoch within 1970 to 9999");
                Fault::new(path, Code::OutOfRange, detail)
            }),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Moment<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Moment<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an RFC 3339 time or a number of seconds")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Moment::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Moment::Text(Cow::Owned(text.to_owned())))
            }

            // Beyond 2^53 seconds, where doubles have gaps, everything is out of range anyway.
            fn visit_u64<E: Error>(self, seconds: u64) -> Result<Self::Value, E> {
                Ok(Moment::Seconds(seconds as f64))
            }

            fn visit_i64<E: Error>(self, seconds: i64) -> Result<Self::Value, E> {
                Ok(Moment::Seconds(seconds as f64))
            }

            fn visit_f64<E: Error>(self, seconds: f64) -> Result<Self::Value, E> {
                Ok(Moment::Seconds(seconds))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

/// Reads a struct from an object only: serde would also take an array of the values in their order.
fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct Object<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
    }

    deserializer.deserialize_map(Object(PhantomData))
}
