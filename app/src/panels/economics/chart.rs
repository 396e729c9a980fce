//! A line chart on logarithmic or linear axes, drawn as SVG, with the same numbers as a table.

use yew::{Html, classes, html};

use crate::format::Origin;
use crate::words::words;

/// One axis.
pub struct Axis {
    pub title: &'static str,
    pub is_log: bool,
    /// A tick as written.
    pub tick: fn(f64) -> String,
}

/// One line.
pub struct Series {
    pub name: String,
    /// Its colour: the same for the same model on every chart.
    pub hue: usize,
    /// `solid`, `dashed`, `dotted` or `measured`.
    pub style: &'static str,
    pub points: Vec<(f64, f64)>,
    /// Least and greatest around each point, where it spreads.
    pub spread: Vec<(f64, f64)>,
}

impl Series {
    /// Circles stand for what the run shows, lines for a formula.
    pub fn origin(&self) -> Origin {
        match self.style {
            "measured" => Origin::Counted,
            _ => Origin::Modelled,
        }
    }
}

/// A chart.
pub struct Chart {
    pub name: &'static str,
    pub label: &'static str,
    pub x: Axis,
    pub y: Axis,
    pub series: Vec<Series>,
    /// Where the slider stands.
    pub at: Option<f64>,
}

const WIDTH: f64 = 460.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 36.0;

/// Values along an axis and their place on it.
struct Range {
    low: f64,
    high: f64,
    is_log: bool,
}

impl Range {
    fn of(values: impl Iterator<Item = f64>, is_log: bool, is_tight: bool) -> Option<Self> {
        let kept = values.filter(|value| value.is_finite() && (!is_log || *value > 0.0));
        let (low, high) = kept.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        if low > high {
            return None;
        }
        let range = if is_tight && high > low {
            (low, high)
        } else if is_log {
            let (low, high) = (10f64.powf(low.log10().floor()), 10f64.powf(high.log10().ceil()));
            (low, if high > low { high } else { low * 10.0 })
        } else {
            (low.min(0.0), if high > low.min(0.0) { high * 1.05 } else { 1.0 })
        };
        Some(Self {
            low: range.0,
            high: range.1,
            is_log,
        })
    }

    /// From 0 to 1.
    fn share(&self, value: f64) -> f64 {
        let share = if self.is_log {
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        share.clamp(0.0, 1.0)
    }

    fn ticks(&self) -> Vec<f64> {
        if self.is_log {
            // A hair inwards, for powers that are not quite whole.
            let (low, high) = (
                (self.low.log10() - 1e-9).ceil() as i32,
                (self.high.log10() + 1e-9).floor() as i32,
            );
            let step = ((high - low).max(0) as usize / 6).max(1);
            return (low..=high)
                .step_by(step)
                .map(|power| 10f64.powi(power))
                .collect();
        }
        let rough = (self.high - self.low) / 4.0;
        let power = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|times| times * power);
        let step = step.into_iter().find(|step| *step >= rough).unwrap_or(rough);
        let first = (self.low / step).ceil() as i64;
        let last = (self.high / step).floor() as i64;
        (first..=last).map(|times| times as f64 * step).collect()
    }
}

impl Chart {
    /// Picture, legend and table.
    pub fn draw(&self) -> Html {
        let points = || self.series.iter().flat_map(|series| &series.points);
        let spreads = self.series.iter().flat_map(|series| &series.spread);
        let ys = points()
            .map(|point| point.1)
            .chain(spreads.flat_map(|(low, high)| [*low, *high]));
        let (Some(x), Some(y)) = (
            Range::of(points().map(|point| point.0), self.x.is_log, true),
            Range::of(ys, self.y.is_log, false),
        ) else {
            return Html::default();
        };
        html! {
            <figure class="chart" data-chart={self.name}>
                <svg role="img" aria-label={self.label} viewBox={format!("0 0 {WIDTH} {HEIGHT}")}>
                    { self.axes(&x, &y) }
                    if let Some(at) = self.at { <line class="at" x1={px(&x, at)} x2={px(&x, at)} y1={TOP.to_string()} y2={(HEIGHT - BOTTOM).to_string()} /> }
                    { for self.series.iter().map(|series| line(series, &x, &y)) }
                </svg>
                <figcaption>{ for self.series.iter().map(key) }</figcaption>
                { self.table() }
            </figure>
        }
    }

    fn axes(&self, x: &Range, y: &Range) -> Html {
        let bottom = HEIGHT - BOTTOM;
        let across = |value: &f64| {
            html! {
                <g><line class="grid" x1={LEFT.to_string()} x2={(WIDTH - RIGHT).to_string()} y1={py(y, *value)} y2={py(y, *value)} />
                <text x={(LEFT - 6.0).to_string()} y={py(y, *value)} dy="0.32em" text-anchor="end">{ (self.y.tick)(*value) }</text></g>
            }
        };
        let along = |value: &f64| {
            html! {
                <text x={px(x, *value)} y={(bottom + 14.0).to_string()} text-anchor="middle">{ (self.x.tick)(*value) }</text>
            }
        };
        html! {
            <>
                { for y.ticks().iter().map(across) }
                { for x.ticks().iter().map(along) }
                <text class="title" x={((LEFT + WIDTH - RIGHT) / 2.0).to_string()} y={(HEIGHT - 6.0).to_string()} text-anchor="middle">{ format!("{}  ·  ↑ {}", self.x.title, self.y.title) }</text>
            </>
        }
    }

    fn table(&self) -> Html {
        let row = |series: &Series| {
            html! { <>{ for series.points.iter().map(|(x, y)| html! {
                <tr><th scope="row">{ &series.name }</th><td>{ (self.x.tick)(*x) }</td><td>{ (self.y.tick)(*y) }</td></tr>
            }) }</> }
        };
        html! {
            <details class="more"><summary>{ words().economics.as_table }</summary>
                <table class="numbers"><thead><tr><th scope="col">{ self.label }</th><th scope="col">{ self.x.title }</th><th scope="col">{ self.y.title }</th></tr></thead>
                <tbody>{ for self.series.iter().map(row) }</tbody></table>
            </details>
        }
    }
}

fn px(range: &Range, value: f64) -> String {
    format!("{:.1}", LEFT + range.share(value) * (WIDTH - LEFT - RIGHT))
}

fn py(range: &Range, value: f64) -> String {
    format!(
        "{:.1}",
        HEIGHT - BOTTOM - range.share(value) * (HEIGHT - TOP - BOTTOM)
    )
}

fn line(series: &Series, x: &Range, y: &Range) -> Html {
    let points: Vec<String> = series
        .points
        .iter()
        .map(|point| format!("{},{}", px(x, point.0), py(y, point.1)))
        .collect();
    let band = series.points.iter().zip(&series.spread);
    let upper = band.clone().map(|(point, spread)| (point.0, spread.1));
    let lower: Vec<_> = band.map(|(point, spread)| (point.0, spread.0)).collect();
    let around: Vec<String> = upper
        .chain(lower.into_iter().rev())
        .map(|point| format!("{},{}", px(x, point.0), py(y, point.1)))
        .collect();
    let class = classes!("series", format!("n{}", series.hue % 4), series.style);
    html! {
        <g {class}>
            if !around.is_empty() { <polygon points={around.join(" ")} /> }
            <polyline points={points.join(" ")} />
            if series.style == "measured" { { for series.points.iter().map(|point| html! { <circle cx={px(x, point.0)} cy={py(y, point.1)} r="2.6" /> }) } }
        </g>
    }
}

fn key(series: &Series) -> Html {
    let class = classes!("series", format!("n{}", series.hue % 4), series.style);
    html! {
        <span class="key"><svg viewBox="0 0 24 8" aria-hidden="true"><g {class}><polyline points="0,4 24,4" />
            if series.style == "measured" { <circle cx="12" cy="4" r="2.6" /> }</g></svg>{ &series.name }</span>
    }
}
