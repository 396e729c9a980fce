//! Assumptions: where they start, what an edit does, and that nothing of the visitor's is lost.

use moescope_app::state::Economics;
use moescope_app::state::economics::{Assumption, EconomicsAction, From, Saved, Scale};

use crate::presets::presets;

fn fresh() -> Economics {
    let mut economics = Economics::default();
    economics.fold(EconomicsAction::PresetsArrived(Box::new(presets())));
    economics
}

fn folded(actions: impl IntoIterator<Item = EconomicsAction>) -> Economics {
    let mut economics = fresh();
    actions.into_iter().for_each(|action| economics.fold(action));
    economics
}

#[test]
fn every_assumption_starts_within_its_bounds_and_has_a_key_of_its_own() {
    let mut keys: Vec<&str> = Vec::new();
    for assumption in Assumption::ALL {
        let bounds = assumption.bounds();
        assert!((bounds.least..=bounds.most).contains(&bounds.start), "{bounds:?}");
        assert!(
            bounds.scale != Scale::Log || bounds.least > 0.0,
            "{} is logarithmic from zero",
            bounds.key
        );
        assert_eq!(Assumption::of_key(bounds.key), Some(*assumption));
        keys.push(bounds.key);
    }
    assert!(keys.is_sorted(), "sorted by name");
    keys.dedup();
    assert_eq!(keys.len(), Assumption::ALL.len());
}

#[test]
fn a_slider_gives_back_the_value_it_stands_at() {
    for assumption in Assumption::ALL {
        for place in [0.0, 0.25, 0.5, 1.0].map(|share: f64| (share * assumption.places()).round()) {
            let value = assumption.at_place(place);
            assert_eq!(assumption.within(value), Some(value), "{assumption:?} at {place}");
            // Three significant digits move a slider by a few of its thousand places.
            let off = (assumption.place(value) - place).abs();
            assert!(
                off < 3.0,
                "{assumption:?}: {place} became {value}, {off} places off"
            );
        }
    }
}

#[test]
fn an_edit_is_kept_within_bounds_and_undone_alone() {
    let edited = |value| EconomicsAction::Edited(Assumption::Rent, value);
    let economics = folded([edited(f64::NAN)]);
    assert!(!economics.is_edited(), "what is no number is no edit");
    let mut economics = folded([edited(1e9), EconomicsAction::Edited(Assumption::Batch, 64.0)]);
    assert_eq!(economics.value(Assumption::Rent), Assumption::Rent.bounds().most);
    assert_eq!(economics.input(Assumption::Rent).from, From::Edited);
    economics.fold(EconomicsAction::Unedited(Assumption::Rent));
    assert_eq!(economics.value(Assumption::Rent), 3.0);
    assert_eq!(economics.value(Assumption::Batch), 64.0);
}

#[test]
fn a_device_brings_its_own_numbers_with_source_and_date() {
    let economics = folded([
        EconomicsAction::Edited(Assumption::Rent, 9.0),
        EconomicsAction::DeviceChosen("b200".into()),
    ]);
    assert_eq!(economics.value(Assumption::Bandwidth), 8.0);
    assert_eq!(
        economics.value(Assumption::Rent),
        5.98,
        "the rent was that of another device"
    );
    let From::Preset {
        source,
        date,
        verified,
    } = economics.input(Assumption::Rent).from
    else {
        panic!("a preset's rent is not from a preset");
    };
    assert!(source.contains("RunPod") && date == "2026-09-25" && verified);
    let unverified = folded([EconomicsAction::DeviceChosen("l4".into())]);
    let From::Preset { verified, .. } = unverified.input(Assumption::Bandwidth).from else {
        panic!("a preset's bandwidth is not from a preset");
    };
    assert!(!verified);
}

#[test]
fn what_is_kept_restores_everything_the_visitor_chose() {
    let pasted = r#"{"mine": {"input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}}"#;
    let economics = folded([
        EconomicsAction::DeviceChosen("mi300x".into()),
        EconomicsAction::BesideChosen("deepseek-v3".into()),
        EconomicsAction::Edited(Assumption::Batch, 128.0),
        EconomicsAction::PricesPasted(pasted.into()),
    ]);
    let text = serde_json::to_string(&economics.saved()).expect("it is written");
    let saved: Saved = serde_json::from_str(&text).expect("it is read");
    let restored = folded([EconomicsAction::Restored(Box::new(saved))]);
    assert_eq!(restored, economics);
    assert_eq!(restored.value(Assumption::PriceOutput), 2.0);
    let mut reset = restored;
    reset.fold(EconomicsAction::Reset);
    assert_eq!(reset, fresh());
}

#[test]
fn what_is_kept_is_not_trusted() {
    let text = r#"{"choice": {"device": "no such", "provider": 250},
        "edited": {"rent": 1e300, "gone": 3, "batch": -5}}"#;
    let saved: Saved = serde_json::from_str(text).expect("it is read");
    let economics = folded([EconomicsAction::Restored(Box::new(saved))]);
    assert_eq!(economics.device().map(|device| &*device.id), Some("h100"));
    assert_eq!(economics.value(Assumption::Rent), Assumption::Rent.bounds().most);
    assert_eq!(economics.value(Assumption::Batch), 1.0);
    assert_eq!(economics.provider().name(), "OpenAI Chat");
}

#[test]
fn a_price_file_that_is_none_says_why_and_changes_nothing() {
    for text in ["", "[]", "{}", r#"{"a": {"input_cost_per_token": "x"}}"#] {
        let economics = folded([EconomicsAction::PricesPasted(text.into())]);
        assert!(economics.price_error.is_some(), "{text:?} was read");
        assert_eq!(economics.price_sheet(), &presets().prices);
    }
}

#[test]
fn a_disclosed_day_says_who_disclosed_it() {
    for assumption in Assumption::ALL
        .iter()
        .filter(|it| it.bounds().key.starts_with("day-"))
    {
        let From::Preset { source, date, .. } = fresh().input(*assumption).from else {
            panic!("{assumption:?} comes from nowhere")
        };
        assert!(source.contains("deepseek-ai") && date == "2025-02-28");
    }
}

#[test]
fn a_number_in_a_field_is_read_as_it_was_written() {
    use moescope_app::format::plain;
    for assumption in Assumption::ALL {
        let bounds = assumption.bounds();
        for value in [bounds.least, bounds.start, bounds.most] {
            let text = plain(value);
            assert_eq!(text.parse(), Ok(value), "{assumption:?}");
            assert!(text.len() <= 10, "{text} does not fit its field");
        }
    }
    assert_eq!(plain(608e9), "6.08e11");
}
