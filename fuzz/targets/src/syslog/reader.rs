//! A reader of RFC 5424 by its grammar, section 6, which knows nothing of who writes lines. What it does not take is no
//! line.

use campanile::message::{Element, Syslog};

/// The fields of a line; what is a hyphen there is empty.
pub(super) fn read(line: &str) -> Option<Syslog> {
    let (priority, rest) = line.strip_prefix('<')?.split_once(">1 ")?;
    let number: u8 = priority.parse().ok()?;
    if number > 191 || number.to_string() != priority {
        return None;
    }
    let (time, rest) = rest.split_once(' ')?;
    let (hostname, rest) = field(rest, 255)?;
    let (app_name, rest) = field(rest, 48)?;
    let (process, rest) = field(rest, 128)?;
    let (id, rest) = field(rest, 32)?;
    let (structured_data, rest) = elements(rest)?;
    let message = match rest {
        "" => "",
        rest => rest.strip_prefix(' ')?,
    };
    // Only what begins with the mark may be other than ASCII.
    let message = match message.strip_prefix('\u{feff}') {
        Some(text) => text,
        None if message.is_ascii() => message,
        None => return None,
    };
    process.is_empty().then_some(Syslog {
        server: String::new(),
        facility: number / 8,
        severity: number % 8,
        timestamp: milliseconds(time)?,
        hostname: hostname.to_owned(),
        app_name: app_name.to_owned(),
        message_id: Some(id.to_owned()).filter(|id| !id.is_empty()),
        structured_data,
        message: message.to_owned(),
    })
}

/// A field of the header, and what is behind the space after it.
fn field(text: &str, most: usize) -> Option<(&str, &str)> {
    let (field, rest) = text.split_once(' ')?;
    let good =
        (1..=most).contains(&field.len()) && field.bytes().all(|byte| byte.is_ascii_graphic());
    good.then_some((if field == "-" { "" } else { field }, rest))
}

fn elements(text: &str) -> Option<(Vec<Element>, &str)> {
    if let Some(rest) = text.strip_prefix('-') {
        return Some((Vec::new(), rest));
    }
    let mut elements: Vec<Element> = Vec::new();
    let mut rest = text;
    while let Some(inner) = rest.strip_prefix('[') {
        let (id, mut behind) = name(inner)?;
        let mut params = Vec::new();
        while let Some(param) = behind.strip_prefix(' ') {
            let (name, quoted) = name(param)?;
            let (value, end) = value(quoted.strip_prefix("=\"")?)?;
            params.push((name.to_owned(), value));
            behind = end;
        }
        rest = behind.strip_prefix(']')?;
        if elements.iter().any(|other| other.id == id) {
            return None;
        }
        let id = id.to_owned();
        elements.push(Element { id, params });
    }
    (!elements.is_empty()).then_some((elements, rest))
}

/// An SD-NAME, and what is behind it.
fn name(text: &str) -> Option<(&str, &str)> {
    let is_end = |c: char| !c.is_ascii_graphic() || matches!(c, '=' | ']' | '"');
    let end = text.find(is_end)?;
    (1..=32).contains(&end).then(|| text.split_at(end))
}

/// A PARAM-VALUE up to its quote, without its escapes, and what is behind that.
fn value(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            ']' => return None,
            '\\' => match characters.next()?.1 {
                escaped @ ('"' | '\\' | ']') => value.push(escaped),
                // The backslash is one then.
                other => value.extend(['\\', other]),
            },
            other => value.push(other),
        }
    }
    None
}

/// `2024-07-09T09:24:33.250Z` in milliseconds since the Unix epoch.
fn milliseconds(time: &str) -> Option<u64> {
    let shape = |c: char| if c.is_ascii_digit() { '0' } else { c };
    if time.chars().map(shape).collect::<String>() != "0000-00-00T00:00:00.000Z" {
        return None;
    }
    let number = |from: usize, to: usize| time[from..to].parse::<u64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let length = |month: u64| match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u64::from(is_leap(year)),
        _ => 31,
    };
    let years: u64 = (1970..year)
        .map(|year| 365 + u64::from(is_leap(year)))
        .sum();
    let days = years + (1..month).map(length).sum::<u64>() + day.checked_sub(1)?;
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let good = (1..=12).contains(&month) && day <= length(month) && hour < 24 && minute < 60;
    good.then_some(((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + number(20, 23)?)
}
