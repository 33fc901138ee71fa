//! More of the machine than a component may have.

use std::hint::{black_box, spin_loop};

use campanile_guest::{Batch, Markup, Queue, Recipient, Unit, log, text};

use crate::hook;

/// Wastes, where `how` is one of these; a batch where it comes to an end by itself.
pub fn dequeue(how: &str, queue: &mut Queue, recipient: &Recipient) -> Option<Batch> {
    match how {
        "spins" => loop {
            spin_loop();
        },
        "allocates" => {
            let mut all = Vec::new();
            loop {
                all.push(black_box(vec![1_u8; 1 << 20]));
            }
        }
        "panics" => panic!("in so many words"),
        "exits" => std::process::exit(1),
        "recurses" => {
            black_box(deeper(0));
        }
        "traps-after-dequeuing-half" => {
            let half = queue.chunk(4);
            panic!("after {}", half.len());
        }
        "calls-the-host-for-ever" => loop {
            black_box(campanile_guest::has("http"));
        },
        "splits-four-megabytes" => {
            let all = "& ".repeat(2 << 20);
            loop {
                black_box(text::split(&all, &Markup::Html, 1, Unit::Utf16));
            }
        }
        "escapes-four-megabytes" => {
            let all = "&".repeat(4_000_000);
            loop {
                black_box(text::escape(&all, &Markup::Html));
            }
        }
        "sleeps" => std::thread::sleep(std::time::Duration::from_secs(3600)),
        "floods-the-log" => {
            for number in 0..1_000 {
                log::warn(&format!("{number} {}", "é".repeat(8192)));
            }
            println!("\u{1b}[2Jto the terminal");
            return Some(each(queue, recipient));
        }
        "tells-the-time" => {
            let now = std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .map_or(0, |since| since.as_millis());
            let state = std::collections::hash_map::RandomState::new();
            let random = std::hash::BuildHasher::hash_one(&state, 0);
            let elapsed = std::time::Instant::now().elapsed().as_nanos();
            return Some(queue.each(u32::MAX, |alert| {
                let body = format!("{now} {random} {elapsed} {}", alert.title(&Markup::Plain));
                Ok(vec![hook(recipient, &body)])
            }));
        }
        _ => return None,
    }
    Some(Batch::new())
}

fn each(queue: &mut Queue, recipient: &Recipient) -> Batch {
    queue.each(u32::MAX, |alert| Ok(vec![hook(recipient, &alert.kind())]))
}

#[expect(unconditional_recursion, reason = "to find the end of the stack")]
fn deeper(depth: u64) -> u64 {
    black_box(deeper(black_box(depth + 1))) + 1
}
