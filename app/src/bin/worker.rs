//! The worker that holds the engine.

fn main() {
    moescope_app::worker::run();
}
