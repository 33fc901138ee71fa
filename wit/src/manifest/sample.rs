//! Manifests for the tests of the checks, and how an edit of one is judged.

use crate::manifest::Manifest;

pub(crate) const ENDPOINT: &str = r#"manifest = 1
name = "telegram"
title = "telegram.title"
version = "1.0.0"
homepage = "https://example.com/telegram"
icon = "fab fa-telegram"
features = ["http"]

[[endpoint-param]]
name = "token"
kind = "secret"
required = true
pattern = "\\d+:[\\w-]{35}"
uses = [{ route = "send", place = "path" }]

[[endpoint-param]]
name = "api"
kind = "url"
default = "https://api.telegram.org"

[[endpoint-param]]
name = "hook"
kind = "secret-url"
uses = [{ route = "hook", place = "whole-url" }]

[[endpoint-param]]
name = "extra"
kind = "secret-pairs"
uses = [{ route = "hook", place = "header:*" }]

[[endpoint-param]]
name = "signing"
kind = "signing-key"

[[recipient-param]]
name = "chat"
kind = "text"
max-length = 64

[[recipient-param]]
name = "release"
kind = "choice"
default = "reply"
choices = [{ value = "reply", label = "Reply" }, { value = "edit", label = "Edit" }]

[[route]]
name = "send"
origin = { param = "api" }
methods = ["POST"]
paths = ["/bot*/sendMessage", "/bot*/editMessageText"]

[[route]]
name = "hook"
origin = { param = "hook" }
methods = ["POST", "PUT"]
paths = ["**"]

[reads]
when = "always"
headers = ["retry-after"]
body = ["/ok", "/result/message_id"]

[pacing]
linger = "1s"
alerts = 100
in-flight = 4
per-endpoint = ["30/1s"]
per-destination = ["1/1s", "20/60s"]
destination = ["chat"]
"#;

pub(crate) const MAIL: &str = r#"manifest = 1
name = "email"
title = "Mail"
version = "1.0.0"
features = ["mail", "scheme.xoauth2"]

[[endpoint-param]]
name = "server"
kind = "mail-server"
default = "smtps://mail.example"

[[endpoint-param]]
name = "password"
kind = "secret"
uses = [{ route = "mail", place = "mail-password" }]

[[endpoint-param]]
name = "from"
kind = "email"

[[recipient-param]]
name = "to"
kind = "emails"
default = "noc@a.example"

[[route]]
name = "mail"
origin = { param = "server" }
"#;

pub(crate) const SYSLOG: &str = r#"manifest = 1
name = "syslog"
title = "Syslog"
version = "1.0.0"
features = ["syslog"]

[[endpoint-param]]
name = "server"
kind = "syslog-server"
default = "syslog+tls://log.example"

[[route]]
name = "log"
origin = { param = "server" }
"#;

pub(crate) const FORMATTER: &str = r#"manifest = 1
name = "flows"
title = "Flows"
version = "0.1.0-rc.1"

[[definition]]
kind = "flows_flood"
title = "flows.flood"
description = "computed"
icon = "fas fa-life-ring"
category = "security"
mitre = ["T1498", "T1498.001"]
fields = { vlan = "/vlan_id", all = "" }

[[definition]]
kind = "flows.end"
title = "flows.end"
"#;

pub(crate) fn edited(base: &str, from: &str, to: &str) -> String {
    assert!(base.contains(from), "{from:?} is in the manifest");
    base.replacen(from, to, 1)
}

pub(crate) fn told(text: &str) -> Vec<String> {
    Manifest::from_toml(text).map_or_else(
        |mistakes| mistakes.0.iter().map(ToString::to_string).collect(),
        |_| Vec::new(),
    )
}

/// Each edit makes exactly one mistake, whose message begins as given after the file's name.
pub(crate) fn each_makes_one_mistake(base: &str, edits: &[(&str, &str, &str)]) {
    for (from, to, begins) in edits {
        let told = told(&edited(base, from, to));
        assert_eq!(told.len(), 1, "{from:?} to {to:?}: {told:#?}");
        let shown = told[0]
            .splitn(3, ':')
            .nth(2)
            .unwrap_or_default()
            .trim_start()
            .to_owned();
        assert!(
            shown.starts_with(begins),
            "{from:?} to {to:?}: {shown:?} should begin {begins:?}"
        );
    }
}
