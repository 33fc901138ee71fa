//! A syslog line as data. It has no holes: no secret can stand in it.

use serde::{Deserialize, Serialize};

use super::LIST;
use crate::bounded;
use crate::clock::Millis;

/// A line of RFC 5424, field by field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Syslog {
    /// The value of a `syslog-server` parameter.
    pub server: String,
    /// 0 to 23.
    pub facility: u8,
    /// 0 to 7, 0 is the most urgent.
    pub severity: u8,
    /// When it happened.
    pub timestamp: Millis,
    /// HOSTNAME; empty where it is not known.
    pub hostname: String,
    /// APP-NAME; empty where there is none.
    pub app_name: String,
    /// MSGID.
    #[serde(default)]
    pub message_id: Option<String>,
    /// STRUCTURED-DATA, in order.
    #[serde(default, deserialize_with = "bounded::list::<_, _, LIST>")]
    pub structured_data: Vec<Element>,
    /// MSG.
    pub message: String,
}

/// An element of structured data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Element {
    /// SD-ID.
    pub id: String,
    /// Names and values, in order.
    #[serde(deserialize_with = "bounded::list::<_, _, LIST>")]
    pub params: Vec<(String, String)>,
}
