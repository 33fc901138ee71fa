//! What an ntopng alert is about: a host, an interface ... or a flow, which has no name of its own.

use campanile_contract::alert::Entity;

use super::fields::Fields;
use super::read::missing;
use super::tables::{self, Schema};
use crate::intake::{Fault, limits};

/// What the alert is about.
pub(super) fn entity(fields: &Fields<'_>, schema: Schema) -> Result<Entity, Fault> {
    let kind = if fields.flag("is_flow_alert") {
        tables::FLOW.to_owned()
    } else {
        match fields.whole(&["entity_id", "alert_entity"])? {
            Some((_, id)) => tables::entity(schema, id)
                .map_or_else(|| format!("ntopng_entity_{id}"), str::to_owned),
            None => {
                return Err(missing(
                    fields,
                    if schema == Schema::V5 {
                        "entity_id"
                    } else {
                        "alert_entity"
                    },
                ));
            }
        }
    };
    if kind == tables::FLOW
        && let Some((value, name)) = ends(fields)
    {
        return Ok(Entity { kind, value, name });
    }
    // An entity such as the system itself may have no value of its own.
    let value = fields
        .words(&["entity_val", "alert_entity_val", "ip"])
        .map_or_else(|| kind.clone(), |value| limits::cleaned(&value));
    let name = fields
        .words(&["name", "device_name"])
        .map(|name| limits::cleaned(&name))
        // Where ntopng knows no name, it writes the address again.
        .filter(|name| {
            *name != value
                && value
                    .strip_prefix(name.as_str())
                    .is_none_or(|rest| !rest.starts_with('@'))
        });
    Ok(Entity { kind, value, name })
}

/// A flow's two ends, with ports; and its hosts' names, when one has any.
fn ends(fields: &Fields<'_>) -> Option<(String, Option<String>)> {
    let address = |keys: &[&str]| fields.words(keys).map(|address| limits::cleaned(&address));
    let end = |address: &str, port: &str| match fields.words(&[port]).filter(|port| port != "0") {
        Some(port) if address.contains(':') => format!("[{address}]:{port}"),
        Some(port) => format!("{address}:{port}"),
        None => address.to_owned(),
    };
    let (client, server) = (
        address(&["cli_ip", "cli_addr"])?,
        address(&["srv_ip", "srv_addr"])?,
    );
    let value = limits::cleaned(&format!(
        "{} -> {}",
        end(&client, "cli_port"),
        end(&server, "srv_port")
    ));
    let name = |key: &str, address: &str| fields.words(&[key]).filter(|name| name != address);
    let name = match (name("cli_name", &client), name("srv_name", &server)) {
        (None, None) => None,
        (cli, srv) => {
            let pair = format!("{} -> {}", cli.unwrap_or(client), srv.unwrap_or(server));
            Some(limits::cleaned(&pair))
        }
    };
    Some((value, name))
}
