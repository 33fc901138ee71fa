//! A sandbox process that was taken over.

fn main() -> std::io::Result<()> {
    campanile_tests::native_liar::lie()
}
