//! Files that somebody brings to the containment table: each gets a verdict, whatever it is.

use campanile::app::builtin;
use campanile_tests::hostile::{FORMATTER, LIAR, stranger};

#[tokio::test]
async fn whatever_a_file_is_it_is_judged_and_the_bystander_unharmed() {
    let core = wat::parse_str("(module (func (export \"f\")))").expect("a module");
    let whole = builtin("webhook").expect("it is there");
    let rows: [(&str, &[u8], &str); 9] = [
        ("nothing", b"", "not a WebAssembly component"),
        ("text", b"#!/bin/sh\n", "not a WebAssembly component"),
        ("a core module", &core, "core module"),
        ("half of one", &whole[..whole.len() / 2], "damaged"),
        ("a webhook", whole, "nothing to stop: "),
        (
            "a chat's",
            builtin("telegram").expect("it"),
            "nothing to stop: ",
        ),
        (
            "a mail's, to where nothing is opened",
            builtin("email").expect("it"),
            "forbidden-address",
        ),
        ("a liar that is honest", LIAR, "nothing to stop: "),
        ("a formatter", FORMATTER, "nothing to stop: "),
    ];
    for (name, file, words) in rows {
        let stopped = stranger::judged(file.to_vec()).await;
        stopped.beside.unharmed();
        assert!(stopped.by.contains(words), "{name}: {}", stopped.by);
    }
}
