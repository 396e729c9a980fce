//! Every text of the page, in every language it speaks: the one place for words.
//!
//! A panel says `words().kv.title`. A text that holds a number or a name is a function of it, since
//! languages disagree on plurals and on the order of words; numbers inside are written by
//! `format.rs`, which follows the same language. A text that a language lacks does not compile.
//!
//! A new language is a file beside `words/en.rs` and a line in `languages!`. A new panel is a struct
//! here, in the order of the alphabet, and its texts in each of those files.

use std::cell::Cell;

/// The languages of the page, by their tags (BCP 47). The first is spoken where none fits.
macro_rules! languages {
    ($($name:ident => $file:ident),+ $(,)?) => {
        $(mod $file;)+

        /// A language the page speaks.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Language { $($name),+ }

        impl Language {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Its texts.
            pub fn words(self) -> &'static Words {
                match self { $(Self::$name => &$file::WORDS),+ }
            }
        }
    };
}

languages! {
    En => en,
    Fr => fr,
}

thread_local! {
    static SPOKEN: Cell<Language> = const { Cell::new(Language::ALL[0]) };
}

/// The texts in the language of the page.
pub fn words() -> &'static Words {
    SPOKEN.get().words()
}

/// From here on the page speaks this language; what is already drawn has to be drawn anew.
pub fn speak(language: Language) {
    SPOKEN.set(language);
}

impl Default for Language {
    fn default() -> Self {
        Self::ALL[0]
    }
}

impl Language {
    /// The language with exactly this tag.
    pub fn of_tag(tag: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|language| language.words().tag == tag)
    }

    /// The first of a reader's languages that the page speaks: `fr-CA` is served by `fr`.
    pub fn best<'a>(wanted: impl IntoIterator<Item = &'a str>) -> Self {
        let primary = |tag: &'a str| tag.split('-').next().unwrap_or(tag).to_ascii_lowercase();
        wanted
            .into_iter()
            .find_map(|tag| Self::of_tag(&primary(tag)))
            .unwrap_or_default()
    }
}

/// Where a line begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    LeftToRight,
    RightToLeft,
}

impl Direction {
    /// As the `dir` attribute has it.
    pub fn attribute(self) -> &'static str {
        match self {
            Self::LeftToRight => "ltr",
            Self::RightToLeft => "rtl",
        }
    }
}

/// What one language says, place by place.
pub struct Words {
    /// BCP 47, as the `lang` attribute has it.
    pub tag: &'static str,
    /// What its speakers call it.
    pub name: &'static str,
    pub direction: Direction,
    pub numbers: Numbers,
    pub alert: Alert,
    pub composer: Composer,
    pub kv: Kv,
    pub views: Views,
}

/// How numbers are written.
pub struct Numbers {
    pub decimal: &'static str,
    /// Between groups of three digits.
    pub group: &'static str,
    /// The unit of a byte.
    pub byte: &'static str,
    pub bit: &'static str,
    pub tokens: fn(u64) -> String,
    pub positions: fn(u64) -> String,
    pub layers: fn(u64) -> String,
    /// `3 of 24`.
    pub of: fn(&str, &str) -> String,
}

/// `panels/alert.rs`.
pub struct Alert {
    pub dismiss: &'static str,
}

/// `panels/composer.rs`.
pub struct Composer {
    pub prompt: &'static str,
    pub placeholder: &'static str,
    pub send: &'static str,
    pub stop: &'static str,
    pub new_chat: &'static str,
    pub sampling: &'static str,
    pub editing: &'static str,
    pub leave: &'static str,
    pub full: &'static str,
    pub model_is_loading: &'static str,
    pub reading: &'static str,
    /// Tokens read, and how many there are.
    pub reading_of: fn(u64, u64) -> String,
    pub writing: &'static str,
    pub stopping: &'static str,
}

/// `panels/kv.rs`.
pub struct Kv {
    pub title: &'static str,
    pub empty: &'static str,
    pub positions: &'static str,
    pub positions_story: &'static str,
    pub held: &'static str,
    pub held_story: &'static str,
    pub reserved: &'static str,
    pub reserved_story: &'static str,
    pub growth: &'static str,
    pub growth_story: &'static str,
    pub read: &'static str,
    pub read_story: &'static str,
    /// The picture: bytes held and reserved, as written, and the number of layers.
    pub picture: fn(&str, &str, u64) -> String,
    pub by_layer: &'static str,
    pub layer: &'static str,
    pub keeps: &'static str,
    pub layer_held: &'static str,
    pub layer_read: &'static str,
}

/// `panels/views.rs`: the navigation; groups, then views by their names.
pub struct Views {
    pub navigation: &'static str,
    pub overview: &'static str,
    pub economics_group: &'static str,
    pub experts_group: &'static str,
    pub memory_group: &'static str,
    pub plan_group: &'static str,
    pub time_group: &'static str,
    pub cost: &'static str,
    pub experts: &'static str,
    pub kv: &'static str,
    pub prediction: &'static str,
    pub raster: &'static str,
}
