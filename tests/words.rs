//! The catalogue of texts: every language says everything, and nothing on screen bypasses it.
//!
//! That no text is missing is the compiler's doing; that none was left in the first language, or written
//! into a panel, is read from the sources.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use moescope_app::protocol::{Executor, Told, Why};
use moescope_app::words::Language;

/// Texts that are the same in English and French. Sorted.
const ALIKE: &[&str] = &["alert", "experts"];

fn app() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../app/src")
}

/// The texts of a language by place and name: `kv.title`.
fn texts(tag: &str) -> BTreeMap<String, String> {
    let source = fs::read_to_string(app().join(format!("words/{tag}.rs"))).expect("the language has a file");
    let mut place = String::new();
    let mut found = BTreeMap::new();
    for line in source.lines().map(str::trim) {
        let Some((name, rest)) = line.split_once(": ") else {
            continue;
        };
        if !name
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter == '_')
        {
            continue;
        }
        if rest.ends_with('{') && rest.starts_with(char::is_uppercase) {
            place = name.to_owned();
        } else if let Some(text) = rest.strip_prefix('"').and_then(|rest| rest.strip_suffix("\",")) {
            found.insert(format!("{place}.{name}"), text.to_owned());
        }
    }
    found
}

fn words_in(text: &str) -> usize {
    let is_word = |word: &&str| word.chars().filter(|letter| letter.is_alphabetic()).count() >= 2;
    text.split_whitespace().filter(is_word).count()
}

#[test]
fn every_language_says_everything_in_its_own_words() {
    let [first, others @ ..] = Language::ALL else {
        panic!("there is a language")
    };
    let ours = texts(first.words().tag);
    assert!(ours.len() > 150, "only {} texts were found", ours.len());
    for language in others {
        let tag = language.words().tag;
        let theirs = texts(tag);
        let missing: Vec<_> = ours.keys().filter(|name| !theirs.contains_key(*name)).collect();
        assert!(missing.is_empty(), "{tag} lacks {missing:?}");
        let empty: Vec<_> = theirs.iter().filter(|(_, text)| text.trim().is_empty()).collect();
        assert!(empty.is_empty(), "{tag} says nothing for {empty:?}");
        // A term of one word may be the same; a sentence is not.
        let same: Vec<_> = ours
            .iter()
            .filter(|(name, text)| theirs.get(*name) == Some(*text) && words_in(text) >= 3)
            .filter(|(name, _)| !ALIKE.contains(&name.as_str()))
            .collect();
        assert!(same.is_empty(), "{tag} still says in English {same:#?}");
    }
}

#[test]
fn every_language_has_a_tag_of_its_own_and_is_found_by_it() {
    for language in Language::ALL {
        let words = language.words();
        assert_eq!(Language::of_tag(words.tag), Some(*language));
        assert_eq!(Language::best([&*format!("{}-XX", words.tag)]), *language);
        assert!(!words.name.is_empty());
    }
    assert_eq!(Language::best(["tlh"]), Language::default());
}

/// The files of the page that draw something.
fn drawing() -> Vec<PathBuf> {
    let mut files = vec![app().join("layout.rs")];
    let mut folders = vec![app().join("panels")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder of panels") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files
}

/// Names that are the same in every language.
const NAMES: &[&str] = &["CPU", "PNG", "SVG", "WebGPU", "moescope"];

#[test]
fn no_visible_text_bypasses_the_catalogue() {
    const SPOKEN: [&str; 5] = ["aria-label", "title", "placeholder", "alt", "label"];
    let mut found = Vec::new();
    for file in drawing() {
        let source = fs::read_to_string(&file).expect("a panel");
        for (number, line) in source.lines().enumerate() {
            if line.trim_start().starts_with("//") {
                continue;
            }
            let mut texts: Vec<&str> = SPOKEN.iter().flat_map(|name| attribute(line, name)).collect();
            texts.extend(children(line));
            for text in texts {
                let is_text = text.chars().filter(|letter| letter.is_alphabetic()).count() >= 2;
                if is_text && !NAMES.contains(&text) {
                    found.push(format!("{}:{}: {text:?}", file.display(), number + 1));
                }
            }
        }
    }
    assert!(found.is_empty(), "move these to the catalogue: {found:#?}");
}

/// The values that an attribute has as literals: `title="…"`.
fn attribute<'a>(line: &'a str, name: &str) -> Vec<&'a str> {
    let pattern = format!(" {name}=\"");
    let values = line.split(&pattern).skip(1);
    values.filter_map(|rest| rest.split('"').next()).collect()
}

/// Literals that are drawn: `{ "…" }` beside a tag, or at the beginning of a line.
fn children(line: &str) -> Vec<&str> {
    let is_drawn = (line.contains("</") || line.contains(" />")) || line.trim_start().starts_with("{ \"");
    // `class={if … { "a" } else { "b" }}` chooses a value, not a text.
    let is_choice = line.contains("={if ") || line.contains("= if ") || line.contains("let ");
    line.split("{ \"")
        .skip(1)
        .filter(|_| is_drawn && !is_choice)
        .filter_map(|rest| rest.split_once("\" }"))
        .filter(|(text, _)| !text.contains('"'))
        .map(|(text, _)| text)
        .collect()
}

/// Everything a worker can tell, with a word in it that no sentence has.
fn all_told() -> Vec<Told> {
    let why = || "xyzzy".to_owned();
    vec![
        Told::Text(why()),
        Told::NoAnswer(why()),
        Told::NotLoaded {
            name: why(),
            why: String::new(),
        },
        Told::NotKept(why()),
        Told::NotExamined(why()),
        Told::NotMeasured(why()),
        Told::NotCompared(why()),
        Told::NotDeleted(why()),
        Told::OddTemplate(why()),
        Told::Fault(why()),
        Told::Unknown(why()),
    ]
}

#[test]
fn what_the_worker_tells_is_put_into_words_by_the_page() {
    let [first, others @ ..] = Language::ALL else {
        panic!("there is a language")
    };
    let alone = [
        Told::TooLong {
            tokens: 5000,
            capacity: 4096,
        },
        Told::NoBranch,
        Told::NoModel,
        Told::NothingToExamine,
        Told::NothingToCompare,
        Told::TooLarge {
            megabytes: 1,
            most: 2,
        },
        Told::Versions { page: 1, worker: 2 },
    ];
    for language in others {
        let (ours, theirs) = (&first.words().worker, &language.words().worker);
        for told in all_told() {
            let (our, their) = ((ours.told)(&told), (theirs.told)(&told));
            assert!(our.contains("xyzzy") && their.contains("xyzzy"), "{our}; {their}");
            assert!(our != their || matches!(told, Told::Text(_)), "{our}");
        }
        for told in &alone {
            assert_ne!((ours.told)(told), (theirs.told)(told));
        }
        let whys = [Executor::Cpu, Executor::Gpu].map(Why::AskedFor);
        for why in whys
            .into_iter()
            .chain([Why::GpuIsThere, Why::NoAdapter, Why::SoftwareAdapter])
        {
            assert_ne!((ours.why)(&why), (theirs.why)(&why));
        }
    }
    // A sentence begins with a capital letter and goes on; reasons of the engine do not.
    let mut files = vec![app().join("worker.rs")];
    files.extend(
        fs::read_dir(app().join("worker"))
            .expect("a folder")
            .map(|file| file.expect("a file").path()),
    );
    for file in files.iter().filter(|file| file.is_file()) {
        let source = fs::read_to_string(file).expect("a source");
        let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
        for text in code.flat_map(|line| line.split('"').skip(1).step_by(2)) {
            let is_sentence = text.starts_with(char::is_uppercase) && words_in(text) >= 3;
            assert!(!is_sentence, "{}: {text}", file.display());
        }
    }
}
