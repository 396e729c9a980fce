//! The numbers of a picture as a real table, folded away below it. Every canvas has one in its panel
//! (`tests/panels.rs` asks for it), so that nothing is only to be seen.

use yew::{Html, html};

/// One line puts it anywhere: what opens it, the heads of its columns, and its rows, of which the first
/// cell names the row. A wide one scrolls within itself.
pub fn folded<Cells>(summary: &str, heads: &[&str], rows: impl IntoIterator<Item = Cells>) -> Html
where
    Cells: IntoIterator<Item = String>,
{
    html! {
        <details class="more">
            <summary>{ summary.to_owned() }</summary>
            <div class="wide"><table class="numbers">
                <thead><tr>{ for heads.iter().map(|head| html! { <th scope="col">{ (*head).to_owned() }</th> }) }</tr></thead>
                <tbody>{ for rows.into_iter().map(row) }</tbody>
            </table></div>
        </details>
    }
}

fn row(cells: impl IntoIterator<Item = String>) -> Html {
    let mut cells = cells.into_iter();
    let name = cells.next().unwrap_or_default();
    html! { <tr><th scope="row">{ name }</th>{ for cells.map(|cell| html! { <td>{ cell }</td> }) }</tr> }
}
