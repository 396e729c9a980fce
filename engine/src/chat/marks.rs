//! transformers lets a template mark what the assistant writes, `{% generation %}…{% endgeneration %}`, so
//! that training knows it. For rendering the marks mean nothing; they become a condition that always holds.

use std::borrow::Cow;

/// The template with the marks replaced, whitespace control kept.
pub fn without_generation(source: &str) -> Cow<'_, str> {
    if !source.contains("endgeneration") {
        return Cow::Borrowed(source);
    }
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some((before, tag)) = rest.split_once("{%") {
        let Some((inner, after)) = tag.split_once("%}") else {
            break;
        };
        out.push_str(before);
        out.push_str("{%");
        match inner.trim_matches(['-', '+']).trim() {
            "generation" => out.push_str(&inner.replacen("generation", "if true", 1)),
            "endgeneration" => out.push_str(&inner.replacen("endgeneration", "endif", 1)),
            _ => out.push_str(inner),
        }
        out.push_str("%}");
        rest = after;
    }
    out.push_str(rest);
    Cow::Owned(out)
}
