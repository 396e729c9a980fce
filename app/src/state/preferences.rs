//! How the visitor wants the page to be: language, theme, palette, keys.

use crate::words::Language;

/// Kept in the visitor's browser, and told to nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preferences {
    pub language: Language,
    pub theme: Theme,
    pub palette: Palette,
    /// Whether single keys do something outside of fields.
    pub has_shortcuts: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            language: Language::default(),
            theme: Theme::default(),
            palette: Palette::default(),
            has_shortcuts: true,
        }
    }
}

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the visitor's system.
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// Its name in storage and in the style.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// What it comes to, where the system is dark or not.
    pub fn resolved(self, is_system_dark: bool) -> Self {
        match self {
            Self::System if is_system_dark => Self::Dark,
            Self::System => Self::Light,
            chosen => chosen,
        }
    }
}

/// The colours that stand for numbers; `public/colours.css` has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Palette {
    #[default]
    Plain,
    Viridis,
    Cividis,
}

impl Palette {
    pub const ALL: [Self; 3] = [Self::Plain, Self::Viridis, Self::Cividis];

    /// Its name in storage and in the style.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Viridis => "viridis",
            Self::Cividis => "cividis",
        }
    }
}
