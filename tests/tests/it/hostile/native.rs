//! What the escape drill is worth: its attempts succeed where nothing is locked down, and the second layer holds by
//! itself.

use std::collections::BTreeSet;

use campanile_tests::drill::{self, Layers, Open};
use campanile_tests::hostile::native::all;

#[tokio::test]
async fn the_second_layer_holds_files_programs_and_signals_by_itself() {
    let attempts = [drill::outwards(), drill::on_the_parent()].concat();
    let attempts = attempts.into_iter().filter(|attempt| attempt.second);
    let mut wrong = Vec::new();
    for (attempt, tried) in all(attempts.collect(), Layers::Second).await {
        if tried
            .missing
            .iter()
            .any(|part| part.starts_with("landlock"))
        {
            eprintln!(
                "left out: this kernel has not all of Landlock, and the filters carry the load alone"
            );
            return;
        }
        let refused = ["refused 1", "refused 13"].contains(&tried.said.as_str());
        if !refused || !tried.unharmed {
            wrong.push((attempt.name, tried));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn without_the_lock_down_the_drill_gets_out() {
    let attempts = [drill::outwards(), drill::on_the_parent()].concat();
    let names: BTreeSet<&str> = attempts.iter().map(|attempt| attempt.name).collect();
    assert_eq!(names.len(), attempts.len(), "each has a name of its own");
    let tried = attempts
        .into_iter()
        .filter(|attempt| attempt.open == Open::Done);
    let mut wrong = Vec::new();
    for (attempt, tried) in all(tried.collect(), Layers::None).await {
        // A program that takes this one's place says nothing, and ends well.
        let done = tried.said == "done" || (tried.said.is_empty() && tried.status.success());
        if !done {
            wrong.push((attempt.name, tried));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
