//! What stands along two sides of a picture, and the gaps between its cells: which line is which layer or
//! expert, which column which position.
//!
//! A screen reader has the picture's name and the table beside it, so all of it is for the eye.

use yew::{Html, classes, html};

/// Lines or columns that are labelled one by one; where there are more, some of them are.
const EACH: usize = 16;
/// Labels where not each has one: first, last and between.
const SOME: usize = 5;
/// Cells with a gap around them; more would be mostly gap.
const GAPS: usize = 48;

/// Labels of the lines or columns of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    labels: Vec<String>,
    /// A label for each cell; otherwise they stand at even distances, from the first to the last.
    is_each: bool,
}

impl Axis {
    /// Of so many cells, named by a function.
    pub fn new(count: usize, label: impl Fn(usize) -> String) -> Self {
        let is_each = count <= EACH;
        let some = |at: usize| at * count.saturating_sub(1) / (SOME - 1);
        let labels = match is_each {
            true => (0..count).map(label).collect(),
            false => (0..SOME).map(some).map(label).collect(),
        };
        Self { labels, is_each }
    }

    /// Of a line that goes from 0 to `last`: labels stand at points, not at cells.
    pub fn over(last: usize, label: impl Fn(usize) -> String) -> Self {
        let some = last.clamp(1, SOME - 1);
        let labels = (0..=some).map(|at| at * last / some).map(label).collect();
        Self {
            labels,
            is_each: false,
        }
    }

    pub fn view(&self, side: &'static str) -> Html {
        let class = classes!("axis", side, self.is_each.then_some("each"));
        html! { <div {class} aria-hidden="true">{ for self.labels.iter().map(|label| html! { <span>{ label }</span> }) }</div> }
    }
}

/// The lines between cells, in the ground's colour, as an SVG path in units of cells.
pub fn gaps(columns: usize, lines: usize) -> String {
    let between = |cells: usize| (1..cells).filter(move |_| cells <= GAPS);
    let down = between(columns).map(|at| format!("M{at} 0V{lines}"));
    let across = between(lines).map(|at| format!("M0 {at}H{columns}"));
    down.chain(across).collect()
}
