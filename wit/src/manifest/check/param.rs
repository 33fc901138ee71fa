//! Parameters: names, values that their own rules allow, and the places of secrets.

use crate::manifest::mistake::{Findings, quoted};
use crate::manifest::{Carries, Manifest, Origin, ParamKind, ParamSpec, Place, grammar};
use crate::params;

pub(super) fn check(manifest: &Manifest, findings: &mut Findings) {
    let endpoint = manifest.endpoint_params.len();
    let path = |at: usize| match at.checked_sub(endpoint) {
        None => format!("endpoint-param[{at}]"),
        Some(at) => format!("recipient-param[{at}]"),
    };
    let names = manifest.params().map(|param| param.name.as_str());
    findings.require_unique(names, |at| format!("{}.name", path(at)));
    for (at, param) in manifest.params().enumerate() {
        let key = |key: &str| format!("{}.{key}", path(at));
        facts(param, &key, findings);
        let pattern_compiles = pattern(param, &key, findings);
        choices(param, &key, findings);
        if pattern_compiles {
            default(param, &key, findings);
        }
        uses(manifest, param, &key, findings);
        // Only an endpoint's secrets are sealed, so anywhere else one would be stored in clear.
        findings.require(
            at < endpoint || !param.kind.is_secret(),
            &key("kind"),
            "a recipient's parameter is no secret",
            "a secret among the endpoint's parameters",
        );
    }
}

fn facts(param: &ParamSpec, key: &impl Fn(&str) -> String, findings: &mut Findings) {
    findings.require(
        grammar::is_param_name(&param.name),
        &key("name"),
        &format!("{} is not a name", quoted(&param.name)),
        "a lower-case letter, then at most 63 lower-case letters, digits and underscores",
    );
    for (name, text) in [("label", &param.label), ("hint", &param.hint)] {
        let filled = text.as_ref().is_none_or(|text| !text.trim().is_empty());
        findings.require(
            filled,
            &key(name),
            "it is empty",
            "a locale key or text, or no such key",
        );
    }
    if let Some(length) = param.max_length {
        let longest = params::longest(param.kind);
        findings.require(
            (1..=longest).contains(&length),
            &key("max-length"),
            &format!("`{length}` is out of range"),
            &format!("1 to {longest}"),
        );
    }
}

fn pattern(param: &ParamSpec, key: &impl Fn(&str) -> String, findings: &mut Findings) -> bool {
    let Some(pattern) = &param.pattern else {
        return true;
    };
    match params::Pattern::compile(pattern) {
        Ok(_) => true,
        Err(why) => {
            findings.add(
                &key("pattern"),
                &format!("{} does not compile: {why}", quoted(pattern)),
                "Rust's regex syntax, at most 64 KiB when compiled",
            );
            false
        }
    }
}

fn choices(param: &ParamSpec, key: &impl Fn(&str) -> String, findings: &mut Findings) {
    let has = !param.choices.is_empty();
    match (param.kind, has) {
        (ParamKind::Choice, false) => {
            findings.add(
                &key("choices"),
                "a `choice` has none",
                "a value and a label for each choice",
            );
        }
        (ParamKind::Choice, true) | (_, false) => {}
        (_, true) => findings.add(
            &key("choices"),
            "only a `choice` has choices",
            "kind = \"choice\"",
        ),
    }
    let values = param.choices.iter().map(|choice| choice.value.as_str());
    findings.require_unique(values, |at| key(&format!("choices[{at}].value")));
    for (at, choice) in param.choices.iter().enumerate() {
        for (name, text) in [("value", &choice.value), ("label", &choice.label)] {
            findings.require(
                !text.is_empty(),
                &key(&format!("choices[{at}].{name}")),
                "it is empty",
                "text",
            );
        }
    }
}

fn default(param: &ParamSpec, key: &impl Fn(&str) -> String, findings: &mut Findings) {
    let Some(default) = &param.default else {
        return;
    };
    let key = key("default");
    if param.kind.is_secret() {
        findings.add(&key, "a secret has no default", "no such key");
    } else if param.kind.has_rows() {
        findings.add(&key, "a parameter with rows has no default", "no such key");
    } else if default.is_empty() {
        findings.add(&key, "it is empty", "a value, or no such key");
    } else if let Err(fault) = params::judge(param, default) {
        findings.add(
            &key,
            &format!("{} does not fit its own parameter", quoted(default)),
            &fault.to_string(),
        );
    }
}

fn uses(
    manifest: &Manifest,
    param: &ParamSpec,
    key: &impl Fn(&str) -> String,
    findings: &mut Findings,
) {
    let may_stand = param.kind.is_secret() && param.kind != ParamKind::SigningKey;
    if !may_stand {
        let why = if param.kind == ParamKind::SigningKey {
            "a `signing-key` only signs and stands nowhere"
        } else {
            "only a secret has places"
        };
        findings.require(param.uses.is_empty(), &key("uses"), why, "no such key");
        return;
    }
    findings.require(
        !param.uses.is_empty(),
        &key("uses"),
        "a secret without places can stand nowhere",
        "a route and a place",
    );
    for (at, allowed) in param.uses.iter().enumerate() {
        let place_key = key(&format!("uses[{at}].place"));
        let route = manifest.route(&allowed.route);
        findings.require(
            route.is_some(),
            &key(&format!("uses[{at}].route")),
            &format!("there is no route {}", quoted(&allowed.route)),
            "the name of a [[route]]",
        );
        if let Some(misfit) = misfit(param.kind, &allowed.place) {
            findings.add(
                &place_key,
                &format!("`{}` is not a place of this parameter", allowed.place),
                misfit,
            );
        } else if let Some(route) = route
            && let Some(expected) = other_places(manifest.carries(route), &allowed.place)
        {
            findings.add(
                &place_key,
                &format!(
                    "`{}` is not a place on the route {}",
                    allowed.place,
                    quoted(&route.name)
                ),
                expected,
            );
        } else if allowed.place == Place::WholeUrl
            && let Some(route) = route
        {
            findings.require(
                route.origin == Origin::Param(param.name.clone()),
                &place_key,
                &format!("the route {} goes elsewhere", quoted(&route.name)),
                &format!("origin = {{ param = \"{}\" }} there", param.name),
            );
        }
        findings.require(
            !param.uses[..at].contains(allowed),
            &key(&format!("uses[{at}]")),
            "the same route and place a second time",
            "it once",
        );
    }
}

/// Which places there are on a route, where this is none of them.
fn other_places(carries: Carries, place: &Place) -> Option<&'static str> {
    match (carries, place.is_of_mail()) {
        (Carries::Requests, false) | (Carries::Mails, true) => None,
        (Carries::Requests, true) => {
            Some("another place; mail-user and mail-password are for a route to a mail server")
        }
        (Carries::Mails, false) => Some("mail-user or mail-password on a route to a mail server"),
        (Carries::Lines, _) => Some("another route; no secret stands in a syslog line"),
    }
}

/// Why a secret of this kind cannot stand in this place.
fn misfit(kind: ParamKind, place: &Place) -> Option<&'static str> {
    match (kind, place) {
        (ParamKind::SecretUrl, Place::WholeUrl) | (ParamKind::SecretPairs, Place::HeaderByKey) => {
            None
        }
        (ParamKind::SecretUrl, _) => Some("whole-url, the only place of a secret-url"),
        (_, Place::WholeUrl) => Some("another place; whole-url is for a secret-url"),
        (_, Place::HeaderByKey) => Some("another place; header:* is for secret-pairs"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::manifest::sample::{ENDPOINT, MAIL, SYSLOG, each_makes_one_mistake};

    #[test]
    fn parameters_and_their_places_mean_something() {
        each_makes_one_mistake(
            ENDPOINT,
            &[
                (
                    "name = \"token\"",
                    "name = \"To\"",
                    "endpoint-param[0].name: ",
                ),
                (
                    "name = \"signing\"",
                    "name = \"token\"",
                    "endpoint-param[4].name: `token` stands here a second time",
                ),
                (
                    "name = \"release\"",
                    "name = \"token\"",
                    "recipient-param[1].name: `token` stands here a second time",
                ),
                ("\\\\d+:", "(", "endpoint-param[0].pattern: "),
                (
                    "[\\\\w-]{35}",
                    "[\\\\w-]{35000}",
                    "endpoint-param[0].pattern: ",
                ),
                (
                    "max-length = 64",
                    "max-length = 0",
                    "recipient-param[0].max-length: ",
                ),
                (
                    "max-length = 64",
                    "max-length = 4097",
                    "recipient-param[0].max-length: ",
                ),
                (
                    "max-length = 64",
                    "label = \"\"",
                    "recipient-param[0].label: it is empty",
                ),
                (
                    "https://api.telegram.org",
                    "api.telegram.org",
                    "endpoint-param[1].default: ",
                ),
                (
                    "max-length = 64",
                    "max-length = 2\ndefault = \"abc\"",
                    "recipient-param[0].default: ",
                ),
                (
                    "max-length = 64",
                    "pattern = \"[0-9]+\"\ndefault = \"12a\"",
                    "recipient-param[0].default: `12a` does not fit its own parameter; expected [0-9]+",
                ),
                (
                    "max-length = 64",
                    "default = \"\"",
                    "recipient-param[0].default: ",
                ),
                (
                    "required = true",
                    "default = \"x\"",
                    "endpoint-param[0].default: a secret has no default",
                ),
                (
                    "default = \"reply\"",
                    "default = \"Reply\"",
                    "recipient-param[1].default: `Reply` does not fit its own parameter; expected one of reply, edit",
                ),
                (
                    "default = \"reply\"\nchoices = [{ value = \"reply\", label = \"Reply\" }, { value = \"edit\", label = \"Edit\" }]",
                    "",
                    "recipient-param[1].choices: ",
                ),
                (
                    "value = \"edit\"",
                    "value = \"reply\"",
                    "recipient-param[1].choices[1].value: ",
                ),
                (
                    "value = \"edit\"",
                    "value = \"\"",
                    "recipient-param[1].choices[1].value: ",
                ),
                (
                    "label = \"Edit\"",
                    "label = \"\"",
                    "recipient-param[1].choices[1].label: ",
                ),
                (
                    "max-length = 64",
                    "choices = [{ value = \"a\", label = \"A\" }]",
                    "recipient-param[0].choices: ",
                ),
                (
                    "max-length = 64",
                    "uses = [{ route = \"send\", place = \"path\" }]",
                    "recipient-param[0].uses: only a secret",
                ),
                (
                    "kind = \"signing-key\"",
                    "kind = \"signing-key\"\nuses = [{ route = \"send\", place = \"path\" }]",
                    "endpoint-param[4].uses: a `signing-key` only signs",
                ),
                (
                    "uses = [{ route = \"send\", place = \"path\" }]",
                    "uses = []",
                    "endpoint-param[0].uses: ",
                ),
                (
                    "route = \"send\"",
                    "route = \"sent\"",
                    "endpoint-param[0].uses[0].route: there is no route `sent`",
                ),
                (
                    "place = \"path\" }",
                    "place = \"path\" }, { route = \"send\", place = \"path\" }",
                    "endpoint-param[0].uses[1]: ",
                ),
                (
                    "place = \"path\"",
                    "place = \"whole-url\"",
                    "endpoint-param[0].uses[0].place: ",
                ),
                (
                    "place = \"path\"",
                    "place = \"header:*\"",
                    "endpoint-param[0].uses[0].place: ",
                ),
                (
                    "place = \"path\"",
                    "place = \"mail-user\"",
                    "endpoint-param[0].uses[0].place: `mail-user` is not a place on the route `send`",
                ),
                (
                    "place = \"whole-url\"",
                    "place = \"path\"",
                    "endpoint-param[2].uses[0].place: ",
                ),
                (
                    "place = \"whole-url\"",
                    "place = \"authorization\"",
                    "endpoint-param[2].uses[0].place: ",
                ),
                (
                    "route = \"hook\", place = \"whole-url\"",
                    "route = \"send\", place = \"whole-url\"",
                    "endpoint-param[2].uses[0].place: the route `send` goes elsewhere",
                ),
            ],
        );
    }

    #[test]
    fn a_syslog_line_has_no_place_for_a_secret() {
        let secret = |place: &str| {
            format!(
                "default = \"syslog+tls://log.example\"\n[[endpoint-param]]\nname = \"token\"\n\
                 kind = \"secret\"\nuses = [{{ route = \"log\", place = \"{place}\" }}]"
            )
        };
        for place in ["path", "header:x", "json:/a", "mail-password"] {
            let mistake = format!(
                "endpoint-param[1].uses[0].place: `{place}` is not a place on the route `log`; \
                 expected another route; no secret stands in a syslog line"
            );
            each_makes_one_mistake(
                SYSLOG,
                &[(
                    "default = \"syslog+tls://log.example\"",
                    &secret(place),
                    &mistake,
                )],
            );
        }
        each_makes_one_mistake(
            SYSLOG,
            &[
                ("syslog+tls://", "https://", "endpoint-param[0].default: "),
                (
                    "syslog+tls://",
                    "syslog+tcp://",
                    "endpoint-param[0].default: ",
                ),
            ],
        );
    }

    #[test]
    fn a_mails_secrets_stand_where_a_mail_has_places() {
        each_makes_one_mistake(
            MAIL,
            &[
                (
                    "mail-password",
                    "basic-password",
                    "endpoint-param[1].uses[0].place: `basic-password` is not a place on the route `mail`; \
                     expected mail-user or mail-password",
                ),
                (
                    "mail-password",
                    "authorization",
                    "endpoint-param[1].uses[0].place: ",
                ),
                (
                    "mail-password",
                    "mail-pasword",
                    "endpoint-param[1].uses[0].place: `mail-pasword` is not a place",
                ),
                (
                    "smtps://mail.example",
                    "https://mail.example",
                    "endpoint-param[0].default: ",
                ),
                (
                    "noc@a.example",
                    "noc@a.example, it@a.example",
                    "recipient-param[0].default: ",
                ),
            ],
        );
    }

    #[test]
    fn a_secret_is_an_endpoints_and_never_a_recipients() {
        let with = |table: &str| {
            format!(
                "manifest = 1\nname = \"x\"\ntitle = \"x\"\nversion = \"1.0.0\"\n\
                 [[route]]\nname = \"send\"\norigin = {{ at = \"https://a.example\" }}\n\
                 methods = [\"POST\"]\npaths = [\"/x\"]\n\
                 [[{table}]]\nname = \"token\"\nkind = \"secret\"\n\
                 uses = [{{ route = \"send\", place = \"authorization\" }}]\n"
            )
        };
        let parse = crate::manifest::Manifest::from_toml;
        assert!(parse(&with("endpoint-param")).is_ok());
        let mistakes = parse(&with("recipient-param")).unwrap_err();
        assert!(
            mistakes.to_string().contains("recipient-param[0].kind"),
            "{mistakes}"
        );
    }
}
