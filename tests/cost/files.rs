//! Sizes counted from the tensors of files: every architecture's, by role.

use moescope_engine::arch::Spec;
use moescope_engine::cost::parameters::Counted;
use moescope_engine::gguf::Gguf;
use moescope_engine::source::FileSource;

fn files() -> Vec<std::path::PathBuf> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = [
        "fixtures/architectures",
        "fixtures/qwen3moe",
        "fixtures/llama_cpp",
        "../public/models",
    ];
    let listed = folders.iter().flat_map(|folder| {
        let folder = std::fs::read_dir(root.join(folder)).expect("the folder is there");
        folder.map(|entry| entry.expect("an entry").path())
    });
    listed
        .filter(|path| path.extension().is_some_and(|ending| ending == "gguf"))
        .collect()
}

#[test]
fn parameters_by_role_add_up_to_those_of_the_file() {
    let files = files();
    assert!(files.len() >= 18, "{files:?}");
    for path in files {
        let name = path.display();
        let gguf = pollster::block_on(Gguf::read(&FileSource::open(&path).expect("a file"))).expect("gguf");
        let spec = Spec::read(&gguf).expect("a spec");
        let Counted { sizes, weights } = Counted::of(&spec);
        let met = gguf.tensors.iter().filter(|tensor| spec.meets(tensor));
        let (elements, bytes) = met.fold((0, 0), |(elements, bytes), tensor| {
            (elements + tensor.elements(), bytes + tensor.bytes())
        });
        // Factors of RoPE are read by no block.
        let unread: u64 = gguf
            .tensors
            .iter()
            .filter(|tensor| tensor.name.starts_with("rope_"))
            .map(|tensor| tensor.elements())
            .sum();
        assert_eq!(sizes.active() + unread, spec.active_parameters(&gguf), "{name}");
        assert_eq!(sizes.total() + unread, elements, "{name}");
        let held = sizes.held_bytes(weights) + 4.0 * unread as f64;
        assert!(
            (held / bytes as f64 - 1.0).abs() < 1e-9,
            "{name}: {held} of {bytes} bytes"
        );
        assert_eq!(sizes.caches.len(), spec.n_layers as usize, "{name}");
    }
}
