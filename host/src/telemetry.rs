//! The log: one line an attempt, whole in itself. No level shows a secret, so the targets of the HTTP
//! client's libraries, which print addresses, are off at every level.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{Directive, LevelFilter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::egress::SILENCED;
use crate::sandbox::VERBOSE;

/// What is logged where `CAMPANILE_LOG` says nothing.
const DEFAULT: &str = "warn,campanile=info";

/// The filter for what `CAMPANILE_LOG` says, with what must not be logged off.
///
/// # Errors
///
/// Where it cannot be read.
pub fn filter(wanted: &str) -> anyhow::Result<EnvFilter> {
    let filter = EnvFilter::try_new(wanted).map_err(|error| {
        anyhow::anyhow!("CAMPANILE_LOG: {error}; expected such as `info` or `campanile=debug`")
    })?;
    // Only who names one is shown more than its warnings.
    let unnamed = VERBOSE.iter().filter(|target| !wanted.contains(**target));
    let quiet = unnamed.map(|target| format!("{target}=warn"));
    let silenced = SILENCED.iter().map(|target| format!("{target}=off"));
    quiet.chain(silenced).try_fold(filter, |filter, directive| {
        Ok(filter.add_directive(directive.parse::<Directive>()?))
    })
}

/// Starts logging to standard error.
///
/// # Errors
///
/// Where `CAMPANILE_LOG` cannot be read.
pub fn start(json: bool, quiet: bool) -> anyhow::Result<()> {
    let wanted = std::env::var("CAMPANILE_LOG").ok();
    let default = if quiet { "error" } else { DEFAULT };
    let filter =
        filter(wanted.as_deref().unwrap_or(default))?.add_directive(if quiet && wanted.is_none() {
            LevelFilter::ERROR.into()
        } else {
            "campanile::never=off".parse()?
        });
    let registry = tracing_subscriber::registry().with(filter);
    if json {
        registry
            .with(
                tracing_subscriber::fmt::layer()
                    .json()
                    .with_writer(std::io::stderr),
            )
            .init();
    } else {
        let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        registry
            .with(
                tracing_subscriber::fmt::layer()
                    .with_ansi(colours)
                    .with_writer(std::io::stderr),
            )
            .init();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_level_shows_the_client_and_only_who_names_it_the_compiler() {
        for (wanted, shown) in [
            ("trace", "cranelift=warn"),
            ("debug,campanile=trace", "wasmtime=warn"),
            ("wasmtime=trace", "wasmtime=trace"),
        ] {
            let filter = filter(wanted).unwrap();
            let directives = filter.to_string();
            let directives: Vec<_> = directives.split(',').collect();
            assert!(directives.contains(&shown), "{wanted}: {directives:?}");
            for target in SILENCED {
                let off = format!("{target}=off");
                assert!(
                    directives.contains(&off.as_str()),
                    "{wanted}: {directives:?}"
                );
            }
            assert_eq!(
                filter.max_level_hint(),
                Some(LevelFilter::TRACE).filter(|_| wanted.contains("trace"))
            );
        }
        assert!(filter("campanile=loud").is_err());
    }
}
