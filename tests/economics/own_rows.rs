//! Rows of the visitor's own: what is typed is taken or refused with a reason, computed with at once,
//! kept, and undone.

use moescope_app::state::Economics;
use moescope_app::state::economics::own::{Kind, RowError, RowId, fields_of};
use moescope_app::state::economics::subject::Subject;
use moescope_app::state::economics::{Assumption, EconomicsAction, From, Saved};

use crate::presets::presets;

fn fresh() -> Economics {
    let mut economics = Economics::default();
    economics.fold(EconomicsAction::PresetsArrived(Box::new(presets())));
    economics.fold(EconomicsAction::TodayTold(20_782));
    economics
}

fn row(kind: Kind, id: &str) -> RowId {
    RowId { kind, id: id.into() }
}

fn typed(economics: &mut Economics, row: &RowId, key: &'static str, text: &str) {
    economics.fold(EconomicsAction::RowChanged(row.clone(), key, text.into()));
}

fn field(economics: &Economics, row: &RowId, key: &str) -> Option<f64> {
    let fields = fields_of(&economics.presets, row);
    fields.iter().find(|field| field.key == key)?.value
}

#[test]
fn a_changed_device_is_computed_with_and_says_whose_it_is() {
    let (mut economics, h100) = (fresh(), row(Kind::Device, "h100"));
    typed(&mut economics, &h100, "bandwidth", "5,5");
    let input = economics.input(Assumption::Bandwidth);
    assert_eq!(input.value, 5.5);
    let From::Own { source, day } = input.from else {
        panic!("{:?}", input.from)
    };
    assert_eq!(day, "2026-11-25");
    assert!(
        source.contains("InferenceX"),
        "what it was made from is still told"
    );
    assert!(economics.own.has(&h100) && economics.is_shipped(&h100));
    economics.fold(EconomicsAction::RowDropped(h100.clone()));
    assert_eq!(
        economics.value(Assumption::Bandwidth),
        3.35,
        "as it came with the page"
    );
}

#[test]
fn what_is_owned_has_no_rent_until_its_owner_gives_it_one() {
    let (mut economics, m2) = (fresh(), row(Kind::Device, "m2"));
    economics.fold(EconomicsAction::DeviceChosen("m2".into()));
    typed(&mut economics, &m2, "watts", "30");
    assert_eq!(economics.value(Assumption::Watts), 30.0);
    assert_eq!(economics.input(Assumption::Rent).from, From::Usual);
    typed(&mut economics, &m2, "rent", "0.05");
    assert_eq!(economics.value(Assumption::Rent), 0.05);
}

#[test]
fn a_changed_model_has_the_parameters_of_its_new_geometry() {
    let (mut economics, model) = (fresh(), row(Kind::Model, "gpt-oss-20b"));
    let before = Subject::of(economics.preset("gpt-oss-20b").expect("it is listed"));
    typed(&mut economics, &model, "n-experts", "64");
    let after = Subject::of(economics.preset("gpt-oss-20b").expect("it is listed"));
    let of_experts = u64::from(before.sizes.moe_layers) * 32 * before.sizes.per_expert;
    let routers = u64::from(before.sizes.moe_layers) * 32 * 2880;
    assert_eq!(after.sizes.total(), before.sizes.total() + of_experts + routers);
    assert!(matches!(after.from, From::Own { .. }));
}

#[test]
fn an_added_row_is_a_copy_under_a_name_of_its_own() {
    let mut economics = fresh();
    for (kind, like, key, text) in [
        (Kind::Model, "gpt-oss-20b", "top-k", "8"),
        (Kind::Device, "b200", "memory", "192"),
        (Kind::Price, "claude-sonnet-4-5", "price-output", "12.5"),
    ] {
        let like = row(kind, like);
        economics.fold(EconomicsAction::RowAdded(like.clone()));
        economics.fold(EconomicsAction::RowAdded(like.clone()));
        let added = economics.row.clone().expect("it is opened, to be changed");
        assert!(added != like && economics.own.has(&added) && !economics.is_shipped(&added));
        typed(&mut economics, &added, key, text);
        assert_eq!(field(&economics, &added, key), text.parse().ok());
        assert_ne!(
            field(&economics, &like, key),
            text.parse().ok(),
            "the one it is like is as it was"
        );
        typed(&mut economics, &added, "name", "Mine");
        assert_eq!(economics.row_error, None);
    }
    assert_eq!(economics.own.models.len(), 2);
    assert!(economics.presets.prices.prices.contains_key("Mine"));
    economics.fold(EconomicsAction::OwnRowsDropped);
    assert_eq!(*economics.presets, *fresh().presets);
}

/// Whether a reason is the expected one.
type IsReason = fn(&RowError) -> bool;

#[test]
fn what_makes_no_sense_is_refused_with_a_reason_and_changes_nothing() {
    let mut economics = fresh();
    let (model, device, price) = (
        row(Kind::Model, "gpt-oss-20b"),
        row(Kind::Device, "h100"),
        row(Kind::Price, "claude-sonnet-4-5"),
    );
    let before = economics.presets.clone();
    let cases: [(&RowId, &'static str, &str, IsReason); 12] = [
        (
            &device,
            "memory",
            "much",
            |err| matches!(err, RowError::NoNumber { text } if text == "much"),
        ),
        (&device, "memory", "", |err| {
            matches!(err, RowError::NoNumber { .. })
        }),
        (&device, "memory", "NaN", |err| {
            matches!(err, RowError::NoNumber { .. })
        }),
        (&device, "memory", "inf", |err| {
            matches!(err, RowError::NoNumber { .. })
        }),
        (&device, "memory", "-80", |err| {
            matches!(err, RowError::Outside { .. })
        }),
        (&device, "bandwidth", "1e300", |err| {
            matches!(err, RowError::Outside { .. })
        }),
        (&model, "layers", "12.5", |err| matches!(err, RowError::NotWhole)),
        (&model, "layers", "1e12", |err| {
            matches!(err, RowError::Outside { .. })
        }),
        (&model, "layers", "-3", |err| {
            matches!(err, RowError::Outside { .. })
        }),
        (&model, "top-k", "33", |err| {
            matches!(
                err,
                RowError::Larger {
                    part: "top-k",
                    whole: "n-experts"
                }
            )
        }),
        (&model, "name", "  ", |err| matches!(err, RowError::Length { .. })),
        (&price, "price-input", "-1", |err| {
            matches!(err, RowError::Outside { .. })
        }),
    ];
    for (row, key, text, is_reason) in cases {
        typed(&mut economics, row, key, text);
        let (of, err) = economics
            .row_error
            .clone()
            .unwrap_or_else(|| panic!("{key} = {text:?} was taken"));
        assert!(of == key && is_reason(&err), "{key} = {text:?}: {err:?}");
        assert_eq!(economics.presets, before, "{key} = {text:?}");
        for language in moescope_app::words::Language::ALL {
            moescope_app::words::speak(*language);
            let sentence = (moescope_app::words::words().economics.guide.rows.error)(&err);
            assert!(sentence.contains('.') && !sentence.contains("“”"), "{sentence}");
        }
        moescope_app::words::speak(moescope_app::words::Language::En);
    }
    typed(&mut economics, &price, "price-cache-read", "");
    assert_eq!(
        (
            economics.row_error.clone(),
            field(&economics, &price, "price-cache-read")
        ),
        (None, None)
    );
}

#[test]
fn every_row_at_every_bound_is_computed_without_a_panic() {
    let rows: Vec<RowId> = {
        let presets = presets();
        let models = presets
            .models
            .models
            .iter()
            .map(|model| row(Kind::Model, &model.id));
        models
            .chain(
                presets
                    .hardware
                    .devices
                    .iter()
                    .map(|device| row(Kind::Device, &device.id)),
            )
            .collect()
    };
    for row in rows {
        let mut economics = fresh();
        let keys: Vec<&'static str> = fields_of(&economics.presets, &row)
            .iter()
            .map(|field| field.key)
            .collect();
        for key in keys {
            for text in ["0", "1", "4096", "65536", "1000000", "10000000"] {
                typed(&mut economics, &row, key, text);
            }
        }
        if let Some(model) = economics.preset(&row.id) {
            let subject = Subject::of(model);
            let serving = economics.serving(&subject.sizes, subject.weights);
            assert!(subject.sizes.total() >= subject.sizes.active() && serving.devices >= 1.0);
        }
    }
}

#[test]
fn rows_are_kept_and_read_again_and_tampered_ones_are_passed_over() {
    let mut economics = fresh();
    typed(&mut economics, &row(Kind::Device, "h100"), "watts", "650");
    economics.fold(EconomicsAction::RowAdded(row(Kind::Model, "mixtral-8x7b")));
    typed(&mut economics, &row(Kind::Price, "gpt-5.5"), "price-input", "4");
    assert!(
        economics.is_kept() && !economics.is_edited(),
        "rows are no edited assumptions"
    );
    let text = serde_json::to_string(&economics.saved()).expect("it is written");
    let saved: Saved = serde_json::from_str(&text).expect("it is read");
    let mut again = Economics::default();
    again.fold(EconomicsAction::Restored(Box::new(saved)));
    again.fold(EconomicsAction::PresetsArrived(Box::new(presets())));
    assert_eq!(again.presets, economics.presets);
    let tampered: Saved =
        serde_json::from_str(&text.replace("\"layers\":32", "\"layers\":4000000000")).expect("it is read");
    assert_ne!(tampered, economics.saved(), "there was something to tamper with");
    let mut again = Economics::default();
    again.fold(EconomicsAction::Restored(Box::new(tampered)));
    assert!(again.own.models.is_empty() && again.own.devices.len() == 1);
    economics.fold(EconomicsAction::Reset);
    assert!(
        economics.own.devices.len() == 1,
        "resetting assumptions leaves rows as they are"
    );
}

#[test]
fn there_is_an_end_to_rows() {
    let mut economics = fresh();
    for _ in 0..100 {
        economics.fold(EconomicsAction::RowAdded(row(Kind::Device, "h100")));
    }
    assert_eq!(economics.own.devices.len(), 64);
    assert!(matches!(
        economics.row_error,
        Some((_, RowError::TooMany { most: 64 }))
    ));
    let mut names: Vec<&String> = economics
        .presets
        .hardware
        .devices
        .iter()
        .map(|device| &device.name)
        .collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all, "each has a name of its own");
}
