//! What lies under `public/economics/`: every line has a source and a date, and its numbers are those
//! that its geometry gives.

use moescope_app::state::economics::presets::{Hardware, MeasuredRuns, Models};
use moescope_app::state::economics::price_file;

pub fn models() -> Models {
    serde_json::from_str(include_str!("../../public/economics/models.json")).expect("models.json")
}

pub fn hardware() -> Hardware {
    serde_json::from_str(include_str!("../../public/economics/hardware.json")).expect("hardware.json")
}

pub fn measured() -> MeasuredRuns {
    serde_json::from_str(include_str!("../../public/economics/measured.json")).expect("measured.json")
}

#[track_caller]
fn assert_date(date: &str) {
    let parts: Vec<&str> = date.split('-').collect();
    let is_number = |part: &&str| part.parse::<u32>().is_ok();
    assert!(
        (2..=3).contains(&parts.len()) && parts[0].len() == 4 && parts.iter().all(is_number),
        "{date:?} is no date"
    );
}

#[test]
fn every_model_comes_to_the_parameters_published_within_one_per_cent() {
    for model in models().models {
        let sizes = model.shape().sizes();
        for (what, computed, published) in [
            ("total", sizes.total(), model.published.total),
            ("active", sizes.active(), model.published.active),
        ] {
            let ratio = computed as f64 / 1e9 / published;
            // Published figures of the smallest have two digits.
            let tolerance = if published < 1.0 { 0.015 } else { 0.01 };
            assert!(
                (ratio - 1.0).abs() < tolerance,
                "{}: {computed} parameters {what}, published {published} billion",
                model.id
            );
        }
    }
}

#[test]
fn every_preset_has_a_source_and_a_date_and_an_id_of_its_own() {
    let (models, hardware) = (models(), hardware());
    let mut ids: Vec<&str> = models.models.iter().map(|model| &*model.id).collect();
    ids.extend(hardware.devices.iter().map(|device| &*device.id));
    let n_ids = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), n_ids);
    assert!(models.models.len() >= 15 && hardware.devices.len() >= 12);
    for model in &models.models {
        assert!(!model.source.is_empty() && !model.name.is_empty(), "{}", model.id);
        assert_date(&model.date);
    }
    for device in &hardware.devices {
        assert!(!device.source.is_empty(), "{}", device.id);
        assert_date(&device.date);
        assert!(
            device.owned || !device.prices.is_empty(),
            "{} can be rented for nothing",
            device.id
        );
        for rent in &device.prices {
            assert!(
                rent.dollars_per_hour > 0.0 && !rent.source.is_empty() && !rent.vendor.is_empty(),
                "{}",
                device.id
            );
            assert_date(&rent.date);
        }
    }
}

#[test]
fn every_unverified_field_of_a_device_is_one_it_has() {
    let known = ["bandwidth", "tflops", "int8", "watts", "prices"];
    for device in hardware().devices {
        let strange = device
            .unverified
            .iter()
            .find(|field| !known.contains(&field.as_str()));
        assert_eq!(strange, None, "{}", device.id);
        let doubtful = device.prices.iter().any(|rent| !rent.verified);
        assert_eq!(device.is_unverified("prices"), doubtful, "{}", device.id);
    }
}

#[test]
fn measured_runs_are_of_models_and_devices_listed() {
    let (models, hardware) = (models(), hardware());
    let measured = measured();
    assert_date(&measured.date);
    for run in measured.runs {
        assert!(
            models.models.iter().any(|model| model.id == run.model),
            "{}",
            run.model
        );
        assert!(
            hardware.devices.iter().any(|device| device.id == run.device),
            "{}",
            run.device
        );
        assert!(
            run.share_of_roofline
                .iter()
                .all(|it| it.share > 0.0 && it.share < 1.0)
        );
        assert!(run.joules_per_token.iter().all(|it| it.joules > 0.0));
    }
}

#[test]
fn the_prices_that_come_with_the_page_are_in_litellms_format() {
    let sheet = price_file::read(include_str!("../../public/economics/prices.json")).expect("prices.json");
    assert_date(&sheet.date);
    assert!(sheet.source.contains("litellm"));
    let sonnet = &sheet.prices["claude-sonnet-4-5"];
    assert_eq!(
        (sonnet.input, sonnet.output, sonnet.cache_read, sonnet.cache_write),
        (3.0, 15.0, Some(0.3), Some(3.75))
    );
    for (name, prices) in &sheet.prices {
        assert!(
            prices.output >= prices.input && prices.cache_read.is_none_or(|read| read < prices.input),
            "{name}"
        );
    }
}

#[test]
fn a_price_file_that_is_none_says_why() {
    let reason = |text: &str| price_file::read(text).expect_err(text).to_string();
    assert!(reason("{").starts_with("this is not JSON"));
    assert!(reason("[1]").contains("this is a list"));
    assert!(reason("{\"a\": {\"mode\": \"image_generation\"}}").contains("none of the 1 entries"));
    assert!(
        reason("{\"a\": {\"input_cost_per_token\": -1, \"output_cost_per_token\": 1e9}}").contains("none of")
    );
    assert!(reason(&"[".repeat(100_000)).starts_with("this is not JSON"));
    assert!(reason(&" ".repeat(price_file::MOST_BYTES + 1)).contains("are more than"));
}

#[test]
fn litellms_own_file_is_read_and_what_it_adds_is_ignored() {
    let text = r#"{
        "sample_spec": {"input_cost_per_token": 0.0, "output_cost_per_token": 0.0},
        "dall-e": {"input_cost_per_pixel": 1e-8, "output_cost_per_pixel": 0},
        "gemini/gemini-x": {"input_cost_per_token": 2.5e-07, "output_cost_per_token": 1.5e-06,
            "output_cost_per_reasoning_token": 3e-06, "litellm_provider": "gemini", "tpm": 250000}
    }"#;
    let sheet = price_file::read(text).expect("a price sheet");
    assert_eq!(sheet.prices.len(), 1);
    let prices = &sheet.prices["gemini/gemini-x"];
    assert_eq!(
        (prices.input, prices.output, prices.reasoning, prices.cache_read),
        (0.25, 1.5, Some(3.0), None)
    );
    assert_eq!(prices.seller, "gemini");
}
