//! Whether the parameters fit together.

use campanile_guest::{Params, Problem};

use crate::body::Form;

/// How many alerts one request carries at most.
pub(crate) fn alerts_per_request(params: &Params) -> Result<u32, Problem> {
    let given = params.integer("alerts_per_request").unwrap_or(100);
    match u32::try_from(given) {
        Ok(number @ 1..=100) => Ok(number.min(Form::of(params).most())),
        _ => Err(Problem::of("alerts_per_request", "webhook.wrong_number")),
    }
}

/// Everything that no single parameter shows.
pub(crate) fn problems(params: &Params) -> Vec<Problem> {
    let signs = params
        .param("signing")
        .is_some_and(|signing| signing != "none");
    let basic = params.is_set("user") || params.is_set("password");
    let mut problems = Vec::new();
    if signs && !params.is_set("signing_key") {
        problems.push(Problem::of("signing_key", "webhook.no_signing_key"));
    }
    if !signs && params.is_set("signing_key") {
        problems.push(Problem::of("signing", "webhook.unused_signing_key"));
    }
    if basic && params.is_set("bearer") {
        problems.push(Problem::of("bearer", "webhook.two_credentials"));
    }
    if params.is_set("user") != params.is_set("password") {
        problems.push(Problem::of("password", "webhook.incomplete_basic"));
    }
    if params.is_set("shared_secret") && !Form::of(params).is_ntopngs() {
        problems.push(Problem::of("shared_secret", "webhook.unused_shared_secret"));
    }
    let own = params
        .param("signature_header")
        .map(|name| ("signature_header", name));
    let rows = params.rows("headers").map(|(name, _)| ("headers", name));
    for (param, name) in rows.chain(own).filter(|(_, name)| !usable(name)) {
        problems.push(Problem::of(param, "webhook.wrong_header").arg("header", name));
    }
    problems.extend(alerts_per_request(params).err());
    problems
}

/// Whether a header may have this name: a token of RFC 9110, section 5.6.2, that neither the host nor
/// this endpoint writes itself.
fn usable(name: &str) -> bool {
    const TAKEN: [&str; 6] = [
        "authorization",
        "content-length",
        "content-type",
        "cookie",
        "host",
        "idempotency-key",
    ];
    let token = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
    let events = name
        .get(..3)
        .is_some_and(|start| start.eq_ignore_ascii_case("ce-"));
    token && !events && !TAKEN.iter().any(|taken| taken.eq_ignore_ascii_case(name))
}
