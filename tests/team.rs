//! Several threads that share a pass give the same bits as one, for every architecture.

use std::path::{Path, PathBuf};

use moescope_engine::arch::Spec;
use moescope_engine::gguf::Gguf;
use moescope_engine::session::{Device, Forward, Session, SessionOptions};
use moescope_engine::source::FileSource;
use moescope_engine::team;
use moescope_engine::{KvFormat, TokenId};
use moescope_tests::rng::Rng;

const VOCAB: u32 = 131;
const N_TOKENS: usize = 40;

/// A model's file, and sessions of it.
struct Subject {
    name: String,
    source: FileSource,
    spec: Spec,
}

impl Subject {
    fn read(path: &Path) -> Self {
        let source = FileSource::open(path).expect("fixture");
        let gguf = pollster::block_on(Gguf::read(&source)).expect("gguf");
        Self {
            name: path.display().to_string(),
            spec: Spec::read(&gguf).expect("spec"),
            source,
        }
    }

    fn open(&self, device: &Device, batch: u32) -> Session {
        let options = SessionOptions {
            context: 64,
            batch,
            kv: KvFormat::F16,
            ..SessionOptions::default()
        };
        let mut silent = |_, _| {};
        let session = Session::open(&self.spec, &self.source, device, options, &mut silent);
        pollster::block_on(session).expect(&self.name)
    }
}

/// Every model there is of random weights.
fn subjects() -> Vec<Subject> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut paths: Vec<PathBuf> = ["architectures", "qwen3moe"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(fixtures.join(folder)).expect("fixtures"))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "gguf"))
        .collect();
    paths.sort();
    assert!(paths.len() > 12, "{paths:?}");
    paths.iter().map(|path| Subject::read(path)).collect()
}

fn tokens() -> Vec<TokenId> {
    let mut rng = Rng::new(11);
    (0..N_TOKENS).map(|_| rng.below(VOCAB)).collect()
}

fn forward(session: &mut Session, tokens: &[TokenId]) -> Forward {
    pollster::block_on(session.forward(tokens, 1)).expect("forward")
}

/// Logits of every pass and all that the router said, as bits.
fn bits(session: &mut Session, tokens: &[TokenId]) -> Vec<u32> {
    let batch = session.batch_tokens();
    let mut bits = Vec::new();
    for chunk in tokens.chunks(batch) {
        let pass = forward(session, chunk);
        let routings = pass.traces.iter().flat_map(|trace| &trace.routing.weights);
        bits.extend(pass.logits.iter().chain(routings).map(|value| value.to_bits()));
    }
    bits
}

#[test]
fn several_threads_give_the_bits_of_one() {
    let tokens = tokens();
    for subject in subjects() {
        for (threads, batch) in [(2, 1), (2, 16), (3, 7), (5, 16)] {
            let device = Device::cpu(&subject.spec, threads);
            let together = bits(&mut subject.open(&device, batch), &tokens);
            let alone = bits(&mut subject.open(&Device::Cpu, batch), &tokens);
            assert!(
                together == alone,
                "{}: {threads} threads, batches of {batch}",
                subject.name
            );
        }
    }
}

#[test]
fn sessions_of_a_team_fork_go_back_and_end_apart() {
    let tokens = tokens();
    for subject in subjects() {
        let device = Device::cpu(&subject.spec, 2);
        let mut first = subject.open(&device, 8);
        let other = subject.open(&device, 4); // of another plan
        let straight = bits(&mut first, &tokens);
        first.truncate(16);
        let mut copy = pollster::block_on(first.fork()).expect("fork");
        drop(other);
        let expected = bits(&mut subject.open(&Device::Cpu, 8), &tokens);
        assert!(straight == expected, "{}", subject.name);
        let rest = bits(&mut first, &tokens[16..]);
        drop(first);
        assert!(bits(&mut copy, &tokens[16..]) == rest, "{}", subject.name);
        assert!(expected.ends_with(&rest), "{}", subject.name);
    }
}

#[test]
fn a_team_examines_a_token_as_one_does() {
    let tokens = tokens();
    for subject in subjects() {
        let examine = |device: &Device| {
            let mut session = subject.open(device, 8);
            bits(&mut session, &tokens);
            let examined = session.examine(&subject.spec, N_TOKENS as u32 - 1, 0.0);
            let attention = pollster::block_on(examined).expect("examined").attention;
            // The session goes on as if nothing had been looked at.
            (attention, bits(&mut session, &tokens[..8]))
        };
        let together = examine(&Device::cpu(&subject.spec, 2));
        assert!(together == examine(&Device::Cpu), "{}", subject.name);
    }
}

#[test]
fn a_team_reads_memory_with_all_its_workers_and_computes_on_as_before() {
    let subject = subjects().into_iter().next().expect("a model");
    let (team, alone) = (Device::cpu(&subject.spec, 3), Device::Cpu);
    assert_eq!((team.threads(), alone.threads()), (3, 1));
    let mut session = subject.open(&team, 4);
    let before = bits(&mut session, &tokens());
    let rate = |device: &Device| pollster::block_on(device.bandwidth()).expect("it is measured");
    let (together, one) = (rate(&team), rate(&alone));
    assert!((1e8..1e13).contains(&together), "{together} bytes a second");
    // Cores may be shared with other tests, but three workers read no less than a part of what one does.
    assert!(together > one * 0.5, "{together} together, {one} alone");
    session.truncate(0);
    assert_eq!(bits(&mut session, &tokens()), before);
}

#[test]
fn shares_are_whole_and_miss_nothing() {
    for (n, unit, size) in [(1, 4, 2), (7, 4, 2), (768, 4, 3), (6, 1, 4), (0, 4, 2)] {
        let shares: Vec<_> = (0..size).map(|rank| team::share(n, unit, rank, size)).collect();
        let all: Vec<usize> = shares.iter().cloned().flatten().collect();
        assert_eq!(all, (0..n).collect::<Vec<_>>());
        assert!(
            shares
                .iter()
                .all(|share| share.start % unit == 0 || share.start == n)
        );
    }
}
