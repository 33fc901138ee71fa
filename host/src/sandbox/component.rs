//! A compiled component: linked to what it may call, and ready to be called.

use std::sync::Arc;

use campanile_contract::CONTRACT;
use campanile_contract::text::Catalog;
use wasmtime::Engine;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{
    Component as Compiled, ComponentExportIndex, HasSelf, InstancePre, Linker,
};

use super::bindings::endpoint::{AlertEndpoint, AlertEndpointPre};
use super::bindings::formatter::AlertFormatterPre;
use super::call::Guest;
use super::limits::Limits;
use super::unfit::Unfit;
use super::wasi;

/// A component that is ready to be called.
pub(crate) struct Component {
    /// Which world it implements.
    pub(crate) world: World,
    /// Its own messages.
    pub(crate) catalog: Catalog,
    /// Those of its tier.
    pub(crate) limits: Arc<Limits>,
    engine: Engine,
}

/// What a component exports, pre-linked and with its types checked.
pub(crate) enum World {
    /// A destination.
    Endpoint(InstancePre<Guest>, EndpointFunctions),
    /// Titles and descriptions.
    Formatter(InstancePre<Guest>, FormatterFunctions),
}

/// Where an endpoint's functions are. The generated bindings look all of them up, and check all their
/// types again, for every instance; a call needs one.
pub(crate) struct EndpointFunctions {
    pub(crate) describe: ComponentExportIndex,
    pub(crate) lint: ComponentExportIndex,
    pub(crate) format_recipient_params: ComponentExportIndex,
    pub(crate) dequeue_recipient_alerts: ComponentExportIndex,
    pub(crate) run_test: ComponentExportIndex,
    pub(crate) read_response: ComponentExportIndex,
}

/// The same for a formatter.
pub(crate) struct FormatterFunctions {
    pub(crate) describe: ComponentExportIndex,
    pub(crate) format: ComponentExportIndex,
}

impl Component {
    /// Links what was compiled. It has no messages yet.
    ///
    /// # Errors
    ///
    /// Where it exports no world of ours, or its functions have other types.
    pub(crate) fn link(
        engine: &Engine,
        compiled: &Compiled,
        limits: Arc<Limits>,
    ) -> Result<Self, Unfit> {
        Ok(Self {
            world: link(engine, compiled)?,
            catalog: Catalog::default(),
            limits,
            engine: engine.clone(),
        })
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }
}

fn split_version(name: &str) -> (&str, &str) {
    name.split_once('@').unwrap_or((name, ""))
}

/// The names that a component imports.
///
/// # Errors
///
/// The first that is not allowed.
pub(crate) fn imports(engine: &Engine, compiled: &Compiled) -> Result<Vec<String>, Unfit> {
    let (package, version) = split_version(CONTRACT);
    let ours = [
        "alert",
        "params",
        "delivery",
        "text",
        "notifications",
        "host",
        "log",
    ];
    let mut names = Vec::new();
    for (name, _) in compiled.component_type().imports(engine) {
        let (interface, found) = split_version(name);
        if let Some(interface) = interface
            .strip_prefix(package)
            .and_then(|rest| rest.strip_prefix('/'))
        {
            if found != version {
                return Err(Unfit::OtherContract {
                    found: name.to_owned(),
                });
            }
            if !ours.contains(&interface) {
                return Err(unknown_import(name, &ours));
            }
        } else if !(wasi::ALLOWED.contains(&interface) && found.starts_with("0.2.")) {
            return Err(unknown_import(name, &ours));
        }
        names.push(name.to_owned());
    }
    Ok(names)
}

fn unknown_import(name: &str, ours: &[&str]) -> Unfit {
    let (package, version) = split_version(CONTRACT);
    Unfit::UnknownImport {
        name: name.to_owned(),
        expected: ours
            .iter()
            .map(|interface| format!("{package}/{interface}@{version}"))
            .collect(),
    }
}

fn link(engine: &Engine, compiled: &Compiled) -> Result<World, Unfit> {
    let (package, version) = split_version(CONTRACT);
    let exports: Vec<String> = compiled
        .component_type()
        .exports(engine)
        .map(|(name, _)| name.to_owned())
        .collect();
    let exported = |interface: &str| {
        exports
            .iter()
            .any(|name| *name == format!("{package}/{interface}@{version}"))
    };
    let types = |error: wasmtime::Error| Unfit::Types(format!("{error:#}"));

    let mut linker = Linker::<Guest>::new(engine);
    // What stands in for all of an interface of WASI is replaced by what is there of it.
    linker.allow_shadowing(true);
    AlertEndpoint::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest).map_err(types)?;
    for (name, import) in compiled.component_type().imports(engine) {
        if let ComponentItem::ComponentInstance(wanted) = import.ty
            && name.starts_with("wasi:")
        {
            wasi::define(&mut linker, name, &wanted, engine).map_err(types)?;
        }
    }
    // Of our own interfaces nothing is made up: a function that is not there refuses the component.
    let pre = linker.instantiate_pre(compiled).map_err(types)?;
    let function = |interface: &str, name: &str| {
        let interface = format!("{package}/{interface}@{version}");
        let missing = || Unfit::Types(format!("{interface} has no function `{name}`"));
        let instance = compiled
            .get_export_index(None, &interface)
            .ok_or_else(missing)?;
        compiled
            .get_export_index(Some(&instance), name)
            .ok_or_else(missing)
    };
    if exported("endpoint") {
        AlertEndpointPre::new(pre.clone()).map_err(types)?;
        let functions = EndpointFunctions {
            describe: function("endpoint", "describe")?,
            lint: function("endpoint", "lint")?,
            format_recipient_params: function("endpoint", "format-recipient-params")?,
            dequeue_recipient_alerts: function("endpoint", "dequeue-recipient-alerts")?,
            run_test: function("endpoint", "run-test")?,
            read_response: function("endpoint", "read-response")?,
        };
        Ok(World::Endpoint(pre, functions))
    } else if exported("formatter") {
        AlertFormatterPre::new(pre.clone()).map_err(types)?;
        let functions = FormatterFunctions {
            describe: function("formatter", "describe")?,
            format: function("formatter", "format")?,
        };
        Ok(World::Formatter(pre, functions))
    } else if let Some(found) = exports.iter().find(|name| name.starts_with(package)) {
        Err(Unfit::OtherContract {
            found: found.clone(),
        })
    } else {
        Err(Unfit::NoWorld { found: exports })
    }
}
