//! What the contract lets a component call: its queue, text for people, features, the log. Every call is
//! counted.

use campanile_contract::alert::{Action, Severity};
use campanile_contract::notification::Notification;
use campanile_contract::text::{self, Markup};
use wasmtime::Result;
use wasmtime::component::Resource;

use super::bindings::endpoint::campanile::alerts as wit;
use super::boundary::Level;
use super::call::Guest;
use super::convert;
use super::stop::Stop;
use crate::outcome::Reason;

/// What a component's `notification` handle stands for: a position in the call's queue. The handle's
/// number is the position, so there is no table to fill.
#[expect(unreachable_pub, reason = "the generated bindings export it again")]
pub struct Position;

/// Names that `host.has` knows, besides the manifest's features.
fn is_known(name: &str) -> bool {
    campanile_contract::manifest::FEATURES.contains(&name)
}

fn markup(markup: &wit::text::Markup) -> Result<Markup> {
    Ok(match markup {
        wit::text::Markup::Plain => Markup::Plain,
        wit::text::Markup::Html => Markup::Html,
        wit::text::Markup::Markdown => Markup::Markdown,
        wit::text::Markup::Slack => Markup::Slack,
        wit::text::Markup::Telegram => Markup::Telegram,
        wit::text::Markup::Other(name) => {
            return Err(Stop::error(
                Reason::UnknownName,
                format!("there is no markup `{name}`"),
            ));
        }
    })
}

impl Guest {
    fn at(&mut self, handle: &Resource<Position>) -> Result<&Notification> {
        self.count()?;
        // Only `dequeue` makes handles, so this one is in range.
        self.notification(handle.rep()).ok_or_else(|| {
            Stop::error(
                Reason::UnknownAlert,
                format!("there is no notification {}", handle.rep()),
            )
        })
    }
}

impl wit::alert::Host for Guest {}
impl wit::params::Host for Guest {}
impl wit::delivery::Host for Guest {}

impl wit::notifications::Host for Guest {
    fn dequeue(&mut self, max: u32) -> Result<Vec<Resource<Position>>> {
        self.count()?;
        Ok(self.dequeue_positions(max).map(Resource::new_own).collect())
    }
}

impl wit::notifications::HostNotification for Guest {
    fn position(&mut self, handle: Resource<Position>) -> Result<u32> {
        self.count()?;
        Ok(handle.rep())
    }

    fn id(&mut self, handle: Resource<Position>) -> Result<String> {
        Ok(self.at(&handle)?.id.clone())
    }

    fn fingerprint(&mut self, handle: Resource<Position>) -> Result<String> {
        Ok(self.at(&handle)?.fingerprint.clone())
    }

    fn title(&mut self, handle: Resource<Position>, into: wit::text::Markup) -> Result<String> {
        Ok(self.at(&handle)?.title.render(markup(&into)?))
    }

    fn message(&mut self, handle: Resource<Position>, into: wit::text::Markup) -> Result<String> {
        Ok(self.at(&handle)?.message.render(markup(&into)?))
    }

    fn icon(&mut self, handle: Resource<Position>) -> Result<Option<String>> {
        Ok(self.at(&handle)?.icon.clone())
    }

    fn time(&mut self, handle: Resource<Position>) -> Result<String> {
        Ok(self.at(&handle)?.time.clone())
    }

    fn starts_at(&mut self, handle: Resource<Position>) -> Result<u64> {
        Ok(self.at(&handle)?.starts_at)
    }

    fn ends_at(&mut self, handle: Resource<Position>) -> Result<Option<u64>> {
        Ok(self.at(&handle)?.ends_at)
    }

    fn kind(&mut self, handle: Resource<Position>) -> Result<String> {
        Ok(self.at(&handle)?.kind.clone())
    }

    fn subtype(&mut self, handle: Resource<Position>) -> Result<Option<String>> {
        Ok(self.at(&handle)?.subtype.clone())
    }

    fn severity(&mut self, handle: Resource<Position>) -> Result<wit::alert::Severity> {
        Ok(self.at(&handle)?.severity.into())
    }

    fn severity_label(&mut self, handle: Resource<Position>) -> Result<String> {
        Ok(self.at(&handle)?.severity_label.clone())
    }

    fn score(&mut self, handle: Resource<Position>) -> Result<Option<u32>> {
        Ok(self.at(&handle)?.score)
    }

    fn category(&mut self, handle: Resource<Position>) -> Result<Option<String>> {
        Ok(self.at(&handle)?.category.clone())
    }

    fn action(&mut self, handle: Resource<Position>) -> Result<wit::alert::Action> {
        Ok(self.at(&handle)?.action.into())
    }

    fn entity(&mut self, handle: Resource<Position>) -> Result<wit::alert::Entity> {
        Ok(self.at(&handle)?.entity.clone().into())
    }

    fn entity_label(
        &mut self,
        handle: Resource<Position>,
        into: wit::text::Markup,
    ) -> Result<String> {
        Ok(self.at(&handle)?.entity_label.render(markup(&into)?))
    }

    fn source(&mut self, handle: Resource<Position>) -> Result<String> {
        Ok(self.at(&handle)?.source.clone())
    }

    fn labels(&mut self, handle: Resource<Position>) -> Result<Vec<(String, String)>> {
        Ok(self.at(&handle)?.labels.clone())
    }

    fn url(&mut self, handle: Resource<Position>) -> Result<Option<String>> {
        Ok(self.at(&handle)?.url.clone())
    }

    fn receipt(&mut self, handle: Resource<Position>) -> Result<Option<String>> {
        Ok(self.at(&handle)?.receipt.clone())
    }

    fn suppressed(&mut self, handle: Resource<Position>) -> Result<u32> {
        Ok(self.at(&handle)?.suppressed)
    }

    fn detail(&mut self, handle: Resource<Position>, pointer: String) -> Result<Option<String>> {
        let document = &self.at(&handle)?.document;
        Ok(crate::alert::pointer::find(document, &format!("/details{pointer}")).map(str::to_owned))
    }

    fn document(&mut self, handle: Resource<Position>) -> Result<String> {
        Ok(self.at(&handle)?.document_with_texts())
    }

    fn drop(&mut self, _: Resource<Position>) -> Result<()> {
        Ok(())
    }
}

impl wit::text::Host for Guest {
    fn translate(
        &mut self,
        key: String,
        args: Vec<(String, wit::text::Value)>,
        into: wit::text::Markup,
    ) -> Result<String> {
        self.count()?;
        let args = args
            .into_iter()
            .map(convert::arg)
            .collect::<Result<Vec<_>>>()?;
        Ok(self.localizer().message(&key, &args).render(markup(&into)?))
    }

    fn escape(&mut self, text: String, into: wit::text::Markup) -> Result<String> {
        self.count()?;
        Ok(markup(&into)?.escape(&text))
    }

    fn split(
        &mut self,
        text: String,
        into: wit::text::Markup,
        limit: u32,
        unit: wit::text::Unit,
    ) -> Result<Vec<String>> {
        self.count()?;
        let unit = match unit {
            wit::text::Unit::Characters => text::Unit::Characters,
            wit::text::Unit::Utf16 => text::Unit::Utf16,
            wit::text::Unit::Bytes => text::Unit::Bytes,
        };
        Ok(text::split(&text, markup(&into)?, limit as usize, unit))
    }
}

impl wit::host::Host for Guest {
    fn has(&mut self, feature: String) -> Result<bool> {
        self.count()?;
        Ok(is_known(&feature))
    }
}

impl wit::log::Host for Guest {
    fn write(&mut self, level: wit::log::Level, message: String) -> Result<()> {
        self.count()?;
        let level = match level {
            wit::log::Level::Debug => Level::Debug,
            wit::log::Level::Info => Level::Info,
            wit::log::Level::Warn => Level::Warn,
            wit::log::Level::Error => Level::Error,
        };
        self.log().write(level, &message);
        Ok(())
    }
}

impl From<Severity> for wit::alert::Severity {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Debug => Self::Debug,
            Severity::Info => Self::Info,
            Severity::Notice => Self::Notice,
            Severity::Warning => Self::Warning,
            Severity::Error => Self::Error,
            Severity::Critical => Self::Critical,
            Severity::Alert => Self::Alert,
            Severity::Emergency => Self::Emergency,
        }
    }
}

impl From<Action> for wit::alert::Action {
    fn from(action: Action) -> Self {
        match action {
            Action::Stored => Self::Stored,
            Action::Engaged => Self::Engaged,
            Action::Updated => Self::Updated,
            Action::Reminded => Self::Reminded,
            Action::Acknowledged => Self::Acknowledged,
            Action::Released => Self::Released,
        }
    }
}
