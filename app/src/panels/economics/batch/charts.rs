//! What a batch does to experts touched and to cost, as curves.

use moescope_engine::cost::{batch, money, roofline};

use super::super::chart::{Axis, Chart, Series};
use super::{Case, MOST_BATCH, Measured};
use crate::format;
use crate::state::economics::{Assumption, Economics};
use crate::words::words;

fn batches() -> impl Iterator<Item = u32> {
    (0..=MOST_BATCH.ilog2()).map(|power| 1 << power)
}

/// Share of the experts touched: even routing dashed, the run as it was.
pub fn experts(economics: &Economics, cases: &[Case], measured: Option<&Measured>) -> Chart {
    let texts = &words().economics.batch;
    let sparse = cases
        .iter()
        .enumerate()
        .filter(|(_, case)| case.subject.sizes.n_experts > 0);
    let mut series: Vec<Series> = Vec::new();
    for (hue, case) in sparse {
        let (experts, chosen) = (case.subject.sizes.n_experts, case.subject.sizes.top_k);
        let share = |batch: u32| batch::distinct(f64::from(batch), experts, chosen) / f64::from(experts);
        series.push(Series {
            name: (texts.closed_form)(&case.subject.name),
            hue,
            style: "dashed",
            points: batches().map(|batch| (f64::from(batch), share(batch))).collect(),
            spread: Vec::new(),
        });
        if let Some(measured) = measured.filter(|_| case.subject.is_loaded()) {
            let of = |distinct: f64| distinct / f64::from(experts);
            series.push(Series {
                name: texts.measured_line.into(),
                hue,
                style: "measured",
                points: measured
                    .spreads
                    .iter()
                    .map(|spread| (f64::from(spread.batch), of(spread.mean)))
                    .collect(),
                spread: measured
                    .spreads
                    .iter()
                    .map(|spread| (of(spread.low), of(spread.high)))
                    .collect(),
            });
        }
    }
    Chart {
        name: "experts",
        label: texts.chart,
        x: Axis {
            title: texts.batch,
            is_log: true,
            tick: format::number,
        },
        y: Axis {
            title: texts.share_axis,
            is_log: false,
            tick: format::percent,
        },
        series,
        at: Some(economics.value(Assumption::Batch)),
    }
}

/// Dollars of a million tokens.
pub fn cost(economics: &Economics, cases: &[Case]) -> Chart {
    let texts = &words().economics.batch;
    let (rent, context) = (
        economics.value(Assumption::Rent),
        economics.value(Assumption::Context),
    );
    let series = cases.iter().enumerate().map(|(hue, case)| {
        let at = |batch: u32| {
            let step = roofline::step(&case.subject.sizes, &case.serving, f64::from(batch), context);
            let dollars = money::per_million(rent * case.serving.devices, step.tokens_per_second());
            (f64::from(batch), dollars)
        };
        Series {
            name: case.subject.name.clone(),
            hue,
            style: "solid",
            points: batches().map(at).collect(),
            spread: Vec::new(),
        }
    });
    Chart {
        name: "batch-cost",
        label: texts.cost_chart,
        x: Axis {
            title: texts.batch,
            is_log: true,
            tick: format::number,
        },
        y: Axis {
            title: texts.dollars_axis,
            is_log: true,
            tick: format::dollars,
        },
        series: series.collect(),
        at: Some(economics.value(Assumption::Batch)),
    }
}
