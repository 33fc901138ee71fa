//! What is checked: the names that the report, its JSON and tests share.

use serde::Serialize;

macro_rules! rules {
    ($($(#[$doc:meta])* $variant:ident = $name:literal;)+) => {
        /// One thing that every endpoint component does right.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub enum Rule {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)+
        }

        impl Rule {
            /// Every rule, in the order in which they are looked at.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The stable name; the command line's words have a sentence for each.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

rules! {
    /// It compiles, links, and describes itself twice alike.
    Installs = "installs";
    /// All of its languages.
    Languages = "languages";
    /// The sample's values.
    Parameters = "parameters";
    /// `lint`.
    Lint = "lint";
    /// `format-recipient-params`.
    Line = "line";
    /// `run-test`.
    Test = "test";
    /// `dequeue-recipient-alerts`, with alerts as they come.
    Alerts = "alerts";
    /// Texts from strangers.
    Texts = "texts";
    /// Batches, and that no alert is forgotten.
    Named = "named";
    /// A condition's beginning and end.
    Conditions = "conditions";
    /// Each message.
    Requests = "requests";
    /// Where secrets stand.
    Secrets = "secrets";
    /// `read-response`.
    Responses = "responses";
    /// The same call, the same answer.
    Repeatable = "repeatable";
    /// Memory, time, sizes.
    Limits = "limits";
}
