//! Components that lie, waste, trap and pry: each is stopped by name, its alerts stay, and a bystander in the
//! same program gets all of its own.

mod bystander;
mod determinism;
mod dialled;
mod engine;
mod install;
mod manifests;
#[cfg(target_os = "linux")]
mod native;
mod processes;
mod readings;
mod secrets;
mod strangers;
mod syslog;
mod tiers;
mod verdicts;

/// The attacks of the list, as tests: each is stopped, and the bystander gets all of its own.
mod attacks {
    macro_rules! tests {
        ($($(#[$only:meta])? $module:ident: $($name:ident)+;)+) => {
            $($(#[$only])?
            mod $module {
                $(#[tokio::test]
                async fn $name() {
                    let stopped = campanile_tests::hostile::$module::$name().await;
                    stopped.beside.unharmed();
                })+
            })+
        };
    }

    campanile_tests::attacks!(tests);
}

#[cfg(target_os = "linux")]
#[test]
fn no_attack_of_the_list_is_left_out_and_none_is_there_twice() {
    use std::collections::BTreeSet;

    let attacks = campanile_tests::hostile::attacks();
    let names: BTreeSet<_> = attacks.iter().map(|attack| attack.name).collect();
    assert_eq!(names.len(), attacks.len());
    let listed: BTreeSet<_> = include_str!("hostile/list.txt").lines().collect();
    assert_eq!(names, listed);
    let page = include_str!("../../../docs/containment.md");
    for name in names {
        assert!(page.contains(&format!("| `{name}` | ")), "{name}");
    }
}
