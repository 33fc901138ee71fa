//! Telegram's HTML: <https://core.telegram.org/bots/api#html-style>.

/// "Only the tags mentioned above are currently supported."
const TAGS: [&str; 14] = [
    "a",
    "b",
    "blockquote",
    "code",
    "del",
    "em",
    "i",
    "ins",
    "pre",
    "s",
    "span",
    "strike",
    "strong",
    "u",
];

/// What people read.
///
/// # Errors
///
/// What Telegram would not read: unknown tags and entities, tags that are not closed or not nested, and signs
/// that are not escaped.
pub fn seen(html: &str) -> Result<String, String> {
    let mut text = String::new();
    let mut open: Vec<&str> = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find(['<', '>', '&']) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix('&') {
            let (name, after) = after.split_once(';').ok_or("an entity does not end")?;
            // "The API currently supports only the following named HTML entities."
            text.push(match name {
                "lt" => '<',
                "gt" => '>',
                "amp" => '&',
                "quot" => '"',
                other => return Err(format!("there is no entity &{other};")),
            });
            rest = after;
        } else if let Some(after) = rest.strip_prefix('<') {
            let (tag, after) = after.split_once('>').ok_or("a tag does not end")?;
            let name = tag
                .trim_start_matches('/')
                .split(' ')
                .next()
                .unwrap_or_default();
            if !TAGS.contains(&name) {
                return Err(format!("there is no tag <{name}>"));
            }
            if !tag.starts_with('/') {
                open.push(name);
            } else if open.pop() != Some(name) {
                return Err(format!("<{tag}> closes nothing"));
            }
            rest = after;
        } else {
            return Err(String::from("a > stands alone"));
        }
    }
    text.push_str(rest);
    if open.is_empty() {
        Ok(text)
    } else {
        Err(format!("{open:?} stay open"))
    }
}
