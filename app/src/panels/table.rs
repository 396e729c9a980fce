//! The numbers of a picture as a real table, folded away below it. Every canvas has one in its panel
//! (`tests/panels.rs` asks for it), so that nothing is only to be seen.

use yew::{Html, classes, html};

/// One line puts it anywhere: what opens it, the heads of its columns, and its rows, of which the first
/// cell names the row. Where the window is narrow, rows become blocks (`public/tables.css`), in which every cell
/// says its head itself: hence `data-head`.
pub fn folded<Cells>(summary: &str, heads: &[&str], rows: impl IntoIterator<Item = Cells>) -> Html
where
    Cells: IntoIterator<Item = String>,
{
    html! {
        <details class="more">
            <summary>{ summary.to_owned() }</summary>
            <div class="wide"><table class={classes!("numbers", (heads.len() > 3).then_some("stacks"))}>
                <thead><tr>{ for heads.iter().map(|head| html! { <th scope="col">{ (*head).to_owned() }</th> }) }</tr></thead>
                <tbody>{ for rows.into_iter().map(|cells| row(heads, cells)) }</tbody>
            </table></div>
        </details>
    }
}

fn row(heads: &[&str], cells: impl IntoIterator<Item = String>) -> Html {
    let mut cells = heads.iter().map(|head| (*head).to_owned()).zip(cells);
    let (head, name) = cells.next().unwrap_or_default();
    html! { <tr><th scope="row" data-head={head}>{ name }</th>{ for cells.map(|(head, cell)| html! { <td data-head={head}>{ cell }</td> }) }</tr> }
}
