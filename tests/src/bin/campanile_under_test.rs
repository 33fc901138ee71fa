//! The `campanile` command, built beside the tests so that they find it.

use std::process::ExitCode;

fn main() -> ExitCode {
    campanile_tests::under_test()
}
