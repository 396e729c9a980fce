//! The page's main thread.

fn main() {
    moescope_app::page::run();
}
