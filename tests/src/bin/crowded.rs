//! A sandbox process in which another thread ran before the lock-down, which then does not hold it.

use std::process::ExitCode;

fn main() -> ExitCode {
    std::thread::spawn(std::thread::park);
    campanile::sandbox::work()
}
