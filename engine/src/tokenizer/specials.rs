//! Finds tokens that are meant literally (control and user-defined ones) in text: at each place
//! the longest that fits, from left to right, as both llama.cpp and Hugging Face do.

use crate::TokenId;

/// Literal tokens by their first byte, each list longest first.
#[derive(Debug)]
pub struct Specials {
    by_first_byte: Vec<Vec<Special>>,
}

#[derive(Debug)]
struct Special {
    text: Box<str>,
    id: TokenId,
    is_control: bool,
}

/// A stretch of text.
#[derive(Debug, PartialEq)]
pub enum Part<'t> {
    Text(&'t str),
    Special(TokenId),
}

impl Specials {
    /// Looks up the texts of control and user-defined tokens.
    pub fn new(
        tokens: &[Box<str>],
        controls: &[TokenId],
        user_defined: impl Iterator<Item = TokenId>,
    ) -> Self {
        let mut by_first_byte: Vec<Vec<Special>> = (0..256).map(|_| Vec::new()).collect();
        let controls = controls.iter().map(|&id| (id, true));
        for (id, is_control) in controls.chain(user_defined.map(|id| (id, false))) {
            let Some(text) = usize::try_from(id).ok().and_then(|index| tokens.get(index)) else {
                continue;
            };
            let list = text
                .as_bytes()
                .first()
                .and_then(|&first| by_first_byte.get_mut(usize::from(first)));
            if let Some(list) = list {
                list.push(Special {
                    text: text.clone(),
                    id,
                    is_control,
                });
            }
        }
        by_first_byte
            .iter_mut()
            .for_each(|list| list.sort_by_key(|special| std::cmp::Reverse(special.text.len())));
        Self { by_first_byte }
    }

    /// Cuts literal tokens out of a text; control tokens only if asked for.
    pub fn cut<'t>(&self, text: &'t str, with_controls: bool) -> Vec<Part<'t>> {
        let mut parts = Vec::new();
        let (mut rest, mut at) = (text, 0);
        while let Some(&first) = rest.as_bytes().get(at) {
            let list = self
                .by_first_byte
                .get(usize::from(first))
                .map_or(&[][..], Vec::as_slice);
            let here = rest.get(at..).unwrap_or("");
            let fits = |special: &&Special| {
                (with_controls || !special.is_control) && here.starts_with(&*special.text)
            };
            match list.iter().find(fits) {
                Some(special) => {
                    let (before, from) = rest.split_at(at);
                    parts.extend((!before.is_empty()).then_some(Part::Text(before)));
                    parts.push(Part::Special(special.id));
                    rest = from.strip_prefix(&*special.text).unwrap_or("");
                    at = 0;
                }
                None => at += 1,
            }
        }
        parts.extend((!rest.is_empty()).then_some(Part::Text(rest)));
        parts
    }
}
