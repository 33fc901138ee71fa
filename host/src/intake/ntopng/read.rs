//! One ntopng alert, from its fields to ours.

use campanile_contract::alert::{Action, Entity, Severity};

use super::entity;
use super::fields::{self, Fields};
use super::nested;
use super::tables::{self, Schema};
use crate::alert::{Alert, pointer, time};
use crate::clock::Millis;
use crate::intake::identity::Ids;
use crate::intake::{Arrival, Code, Fault, fingerprint, limits};

/// Where ntopng's scripts leave their parameters, by version.
const NESTED: [&str; 4] = [
    "/json",
    "/alert_json",
    "/alert_json/status_info",
    "/json/status_info",
];

/// Reads the text of an object.
pub(super) fn alert(text: &str, arrival: Arrival<'_>, ids: &mut Ids) -> Result<Alert, Fault> {
    let fields = Fields::of(text)?;
    let details = nested::details(&fields)?;
    // Found once, as each search begins at the front of the text.
    let parameters: Vec<&str> = NESTED
        .iter()
        .filter_map(|path| pointer::find(details.get(), path))
        .collect();
    let nested = |path: &str| parameters.iter().find_map(|text| pointer::find(text, path));
    let schema = schema(&fields)?;
    let entity = entity::entity(&fields, schema)?;
    let id = fields.whole(&["alert_id", "alert_type"])?.map(|(_, id)| id);
    let script = nested("/alert_generation/script_key").and_then(fields::words);
    let (kind, category) = kind(&fields, schema, &entity, id, script.as_deref())?;
    let said = fields
        .words(&["subtype", "alert_subtype"])
        .map(|subtype| limits::cleaned(&subtype));
    let says =
        |flag: &str| fields.flag(flag) || nested(&format!("/{flag}")).is_some_and(fields::flag);
    let subtype = match kind.as_str() {
        tables::FLOWS_FLOOD => flood_side(said.as_deref(), script.as_deref(), id, says)
            .map(str::to_owned)
            .or(said),
        _ => said,
    };
    let score = fields
        .whole(&["score"])?
        .map(|(key, score)| within_u32(key, score))
        .transpose()?;
    let action = match fields.words(&["action"]).as_deref() {
        Some("engage") => Action::Engaged,
        Some("release") => Action::Released,
        _ => Action::Stored,
    };
    let starts_at =
        moment(&fields, &["tstamp", "alert_tstamp", "first_seen"])?.unwrap_or(arrival.now);
    let ends_at = moment(&fields, &["tstamp_end", "alert_tstamp_end"])?
        .filter(|_| action == Action::Released);
    let source = fields
        .words(&["interface", "ifname", "ifid"])
        .map(|source| limits::cleaned(&source))
        .unwrap_or_default();
    let fingerprint = condition(
        &fields,
        schema,
        &kind,
        subtype.as_deref(),
        &entity,
        &source,
        arrival.scope,
    );
    Ok(Alert {
        id: ids.next(),
        severity: severity(&fields, schema, score)?,
        category: fields
            .whole(&["alert_category"])?
            .and_then(|(_, id)| tables::category(id))
            .or(category)
            .map(str::to_owned),
        threshold: nested("/threshold").and_then(fields::number),
        value: nested("/value").and_then(fields::number),
        kind,
        subtype,
        score,
        action,
        entity,
        source,
        starts_at,
        ends_at,
        title: None,
        message: None,
        labels: Vec::new(),
        url: None,
        fingerprint,
        details: Some(details),
    })
}

/// By the names of the fields, as no alert says which ntopng wrote it.
fn schema(fields: &Fields<'_>) -> Result<Schema, Fault> {
    if fields
        .first(&["alert_tstamp", "alert_type", "alert_entity"])
        .is_none()
    {
        return Ok(Schema::V5);
    }
    // 4.2 brought host pools, the application's name, and severities above 2.
    let severity = fields.whole(&["alert_severity"])?.map_or(0, |(_, id)| id);
    let is_42 = severity > 2 || fields.first(&["pool_id", "proto.ndpi"]).is_some();
    Ok(if is_42 { Schema::V42 } else { Schema::V40 })
}

/// The kind, and the category that the tables know.
fn kind(
    fields: &Fields<'_>,
    schema: Schema,
    entity: &Entity,
    id: Option<i64>,
    script: Option<&str>,
) -> Result<(String, Option<&'static str>), Fault> {
    if let Some(known) = id.and_then(|id| tables::kind(schema, &entity.kind, id)) {
        return Ok((known.kind.to_owned(), known.category));
    }
    let name = match (script, id) {
        (Some(script), _) => script.to_owned(),
        (None, Some(id)) => format!("ntopng_{}_{id}", entity.kind),
        (None, None) => {
            return Err(missing(
                fields,
                if schema == Schema::V5 {
                    "alert_id"
                } else {
                    "alert_type"
                },
            ));
        }
    };
    let name = name.replace(|char| !limits::is_kind_char(char), "_");
    Ok((limits::shortened(&name, limits::KIND).to_owned(), None))
}

/// A field that every alert has is not there.
pub(super) fn missing(fields: &Fields<'_>, key: &str) -> Fault {
    // Reports go to the same endpoints, and have none of an alert's fields.
    match fields
        .words(&["notification_type"])
        .filter(|kind| kind != "alerts")
    {
        Some(kind) => {
            let detail = format!("a notification of the type `{kind}` is no alert");
            Fault::new(".notification_type", Code::UnknownValue, detail)
        }
        None => Fault::new(
            format!(".{key}"),
            Code::MissingField,
            format!("missing field `{key}`"),
        ),
    }
}

/// Whether a flow flood's host sends or receives.
fn flood_side(
    subtype: Option<&str>,
    script: Option<&str>,
    id: Option<i64>,
    says: impl Fn(&str) -> bool,
) -> Option<&'static str> {
    const ATTACKER: &str = "flow_flood_attacker";
    const VICTIM: &str = "flow_flood_victim";

    let named = |side: &str| subtype == Some(side) || script == Some(side);
    if named(ATTACKER) || id == Some(tables::FLOW_FLOOD_ATTACKER) {
        Some(ATTACKER)
    } else if named(VICTIM) || id == Some(tables::FLOW_FLOOD_VICTIM) {
        Some(VICTIM)
    } else if says("is_attacker") {
        Some(ATTACKER)
    } else if says("is_victim") {
        Some(VICTIM)
    } else {
        None
    }
}

/// What ntopng says, else by its score; ntopng itself shows an unknown severity as an error.
fn severity(fields: &Fields<'_>, schema: Schema, score: Option<u32>) -> Result<Severity, Fault> {
    let said = fields
        .whole(&["severity", "alert_severity"])?
        .map(|(_, id)| id);
    Ok(match (said, score) {
        (Some(id), score) => tables::severity(schema, id)
            .or_else(|| score.map(tables::severity_of_score))
            .unwrap_or(Severity::Error),
        (None, Some(score)) => tables::severity_of_score(score),
        (None, None) => Severity::Notice,
    })
}

fn within_u32(key: &str, number: i64) -> Result<u32, Fault> {
    u32::try_from(number).map_err(|_| {
        Fault::new(
            format!(".{key}"),
            Code::OutOfRange,
            format!("{number} is no score"),
        )
    })
}

/// Seconds since the epoch; 0 is ntopng's word for no time.
fn moment(fields: &Fields<'_>, keys: &[&'static str]) -> Result<Option<Millis>, Fault> {
    for key in keys {
        if let Some((key, seconds)) = fields.whole(&[key])?.filter(|(_, seconds)| *seconds != 0) {
            let millis = time::from_seconds(seconds as f64).ok_or_else(|| {
                let detail = format!(
                    "{seconds} is not a number of seconds since the epoch within 1970 to 9999"
                );
                Fault::new(format!(".{key}"), Code::OutOfRange, detail)
            })?;
            return Ok(Some(millis));
        }
    }
    Ok(None)
}

/// The fingerprint: for flows, the fields by which ntopng itself silences repeats, and the VLAN; for others,
/// those by which it finds the alert that it releases.
fn condition(
    fields: &Fields<'_>,
    schema: Schema,
    kind: &str,
    subtype: Option<&str>,
    entity: &Entity,
    source: &str,
    scope: &str,
) -> String {
    let field = |keys: &[&str]| fields.words(keys).unwrap_or_default();
    if entity.kind == tables::FLOW {
        let (client, server) = (
            field(&["cli_ip", "cli_addr"]),
            field(&["srv_ip", "srv_addr"]),
        );
        let (port, proto, vlan) = (field(&["srv_port"]), field(&["proto"]), field(&["vlan_id"]));
        return fingerprint::of(
            scope,
            "ntopng-flow",
            &[kind, &client, &server, &port, &proto, &vlan],
        );
    }
    // 4.x engages one threshold for each granularity; later a host's release may name another one.
    let granularity = if schema == Schema::V5 {
        String::new()
    } else {
        field(&["alert_granularity"])
    };
    let parts = [
        kind,
        subtype.unwrap_or_default(),
        &entity.kind,
        &entity.value,
        source,
        &granularity,
    ];
    fingerprint::of(scope, "ntopng", &parts)
}
