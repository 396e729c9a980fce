//! Prints what a token of a model costs on a device, as JSON.
//!
//! `cost --model deepseek-v3 --gpu h100 --batch 64 --context 4096 --price-per-hour 3`, or a GGUF in
//! place of `--model`. Presets are those of the page, `public/economics/`; `--demand` in tokens per
//! second adds the fleet that serves it.

use std::path::PathBuf;

use moescope_engine::Model;
use moescope_engine::cost::parameters::Counted;
use moescope_engine::cost::shape::Attention;
use moescope_engine::cost::{
    Device, Serving, Shape, Sizes, WeightBytes, demand, dense, energy, money, roofline,
};
use moescope_engine::source::Parts;
use serde_json::{Value, json};

#[path = "shared/cli.rs"]
mod cli;

const FLAGS: [&str; 12] = [
    "model",
    "gpu",
    "gpus",
    "batch",
    "context",
    "price-per-hour",
    "efficiency",
    "kv-bits",
    "reserve",
    "demand",
    "user-speed",
    "power-working",
];

fn main() {
    if let Err(err) = run() {
        eprintln!("{err}");
        std::process::exit(1);
    }
}

fn run() -> cli::Result<()> {
    let args = cli::Args::parse(&FLAGS)?;
    let (name, counted) = model(&args)?;
    let gpu = preset("hardware.json", "devices", args.text("gpu").unwrap_or("h100"))?;
    let (batch, context) = (args.value("batch", 1.0)?, args.value("context", 4096.0)?);
    let reserve = args.value("reserve", 0.1)?;
    let serving = serving(&args, &gpu, &counted, context, reserve)?;
    let dollars = args.value(
        "price-per-hour",
        number(&gpu["prices"][0], "dollars_per_hour").unwrap_or(0.0),
    )?;
    let working = args.value("power-working", USUAL_POWER)?;
    let told = json!({
        "model": name,
        "gpu": gpu["name"],
        "assumptions": {
            "gpus": serving.devices, "batch": batch, "context": context, "dollars_per_gpu_hour": dollars,
            "efficiency": serving.efficiency, "kv_bytes_per_element": serving.kv_bytes,
            "bits_always": counted.weights.always * 8.0, "bits_experts": counted.weights.experts * 8.0,
            "memory_reserve": reserve, "share_of_power_while_working": working,
        },
        "parameters": parameters(&counted.sizes),
        "kv": kv(&counted, &serving, context, dollars, reserve),
        "step": step(&counted.sizes, &serving, working, batch, context, dollars),
        "dense": {
            "equal_total": step(&dense::equal_total(&counted.sizes), &serving, working, batch, context, dollars),
            "equal_active": step(&dense::equal_active(&counted.sizes), &serving, working, batch, context, dollars),
        },
        "prefill": {
            "flops": counted.sizes.prefill_flops(context, 0.0),
            "seconds": roofline::prefill_seconds(&counted.sizes, &serving, context, 0.0, serving.efficiency),
        },
        "fleet": fleet(&args, &counted.sizes, &serving, context, reserve, dollars)?,
    });
    println!("{}", serde_json::to_string_pretty(&told)?);
    Ok(())
}

fn serving(
    args: &cli::Args,
    gpu: &Value,
    counted: &Counted,
    context: f64,
    reserve: f64,
) -> cli::Result<Serving> {
    let of = |value: &Value, key: &str| number(value, key).ok_or_else(|| format!("the preset has no {key}"));
    let serving = Serving {
        device: Device {
            memory_bytes: of(gpu, "memory_gb")? * 1e9,
            bandwidth: of(gpu, "bandwidth_tbs")? * 1e12,
            flops: of(&gpu["tflops"], "bf16")? * 1e12,
            watts: of(gpu, "watts")?,
        },
        devices: 1.0,
        efficiency: 1.0,
        fixed_seconds: 0.0,
        weights: counted.weights,
        kv_bytes: args.value("kv-bits", 16.0)? / 8.0,
    };
    let fewest = roofline::fewest_devices(&counted.sizes, &serving, context, reserve);
    let devices = args.value("gpus", fewest)?;
    let usual = if devices > 1.0 { 0.25 } else { 0.5 };
    let efficiency = args.value("efficiency", usual)?;
    if !(devices >= 1.0 && efficiency > 0.0 && efficiency <= 1.0) {
        return Err("--gpus must be at least 1, --efficiency above 0 and at most 1".into());
    }
    Ok(Serving {
        devices,
        efficiency,
        ..serving
    })
}

fn parameters(sizes: &Sizes) -> Value {
    json!({
        "total": sizes.total(), "active": sizes.active(), "always_on": sizes.always,
        "per_expert": sizes.per_expert, "experts": sizes.n_experts, "top_k": sizes.top_k,
        "moe_layers": sizes.moe_layers,
    })
}

fn kv(counted: &Counted, serving: &Serving, context: f64, dollars: f64, reserve: f64) -> Value {
    let sizes = &counted.sizes;
    let bytes = sizes.kv_bytes(context, serving.kv_bytes);
    json!({
        "bytes_per_token": sizes.kv_bytes_per_position(serving.kv_bytes),
        "bytes": bytes,
        "parked_dollars_per_hour": money::parked_per_hour(bytes, serving.device.memory_bytes, dollars),
        "most_sequences": roofline::most_sequences(sizes, serving, context, reserve),
        "context_where_flops_match": sizes.flops_crossover(),
        "context_where_bytes_match": sizes.bytes_crossover(counted.weights, serving.kv_bytes),
    })
}

/// Of its full power, what a working device draws.
const USUAL_POWER: f64 = 0.75;

fn step(sizes: &Sizes, serving: &Serving, working: f64, batch: f64, context: f64, dollars: f64) -> Value {
    let power = energy::Power {
        watts: serving.device.watts,
        working,
        waiting: 0.0,
    };
    let step = roofline::step(sizes, serving, batch, context);
    json!({
        "distinct_experts": step.distinct,
        "weight_bytes": step.always_bytes + step.expert_bytes, "kv_bytes": step.kv_bytes,
        "bytes_per_token": step.bytes() / batch, "flops_per_token": step.flops / batch,
        "seconds": step.seconds, "bound": step.bound.name(),
        "tokens_per_second": step.tokens_per_second(), "tokens_per_second_per_user": step.user_speed(),
        "dollars_per_million": money::per_million(dollars * serving.devices, step.tokens_per_second()),
        "joules_per_token":
            power.joules_per_token(serving.devices, step.seconds, batch),
    })
}

fn fleet(
    args: &cli::Args,
    sizes: &Sizes,
    serving: &Serving,
    context: f64,
    reserve: f64,
    dollars_per_hour: f64,
) -> cli::Result<Value> {
    let tokens_per_second = args.value("demand", 0.0)?;
    if tokens_per_second <= 0.0 {
        return Ok(Value::Null);
    }
    let wanted = demand::Demand {
        tokens_per_second,
        context,
        least_user_speed: args.value("user-speed", 0.0)?,
        reserve,
        dollars_per_hour,
    };
    let fleet = demand::fleet(sizes, serving, &wanted);
    Ok(json!({
        "gpus_per_copy": fleet.devices_per_copy, "copies": fleet.copies, "batch": fleet.step.batch,
        "utilisation": fleet.utilisation, "dollars_per_hour": fleet.dollars_per_hour,
        "dollars_per_million": fleet.per_million,
        "dollars_per_million_when_full": fleet.saturated_per_million,
    }))
}

/// A GGUF, or a preset.
fn model(args: &cli::Args) -> cli::Result<(String, Counted)> {
    if let [path] = args.positional.as_slice() {
        let model = pollster::block_on(Model::open(&Parts::open(path)?))?;
        return Ok((model.spec.name.clone(), Counted::of(&model.spec)));
    }
    let model = preset(
        "models.json",
        "models",
        args.text("model").unwrap_or("deepseek-v3"),
    )?;
    let bits = |key: &str| number(&model["weights"], key).ok_or_else(|| format!("the preset has no {key}"));
    let weights = WeightBytes {
        always: bits("always_bits")? / 8.0,
        experts: bits("expert_bits")? / 8.0,
    };
    let sizes = shape(&model)?.sizes();
    Ok((text(&model, "name"), Counted { sizes, weights }))
}

fn shape(model: &Value) -> cli::Result<Shape> {
    let size = |of: &Value, key: &str| -> cli::Result<u32> {
        let size = of[key].as_u64().and_then(|size| u32::try_from(size).ok());
        size.ok_or_else(|| format!("the preset has no {key}").into())
    };
    let of = |key: &str| size(model, key);
    let attention = &model["attention"];
    let part = |key: &str| size(attention, key);
    let attention = match attention["kind"].as_str() {
        Some("latent") => Attention::Latent {
            n_heads: part("n_heads")?,
            q_rank: part("q_rank")?,
            d_latent: part("d_latent")?,
            n_rot: part("n_rot")?,
            d_nope: part("d_nope")?,
            d_value: part("d_value")?,
        },
        _ => Attention::Grouped {
            n_heads: part("n_heads")?,
            n_kv_heads: part("n_kv_heads")?,
            head_dim: part("head_dim")?,
            window: match &attention["window"] {
                Value::Null => None,
                window => {
                    let part = |at: usize| window[at].as_u64().and_then(|size| u32::try_from(size).ok());
                    Some(part(0).zip(part(1)).ok_or("the preset's window is no pair")?)
                }
            },
        },
    };
    Ok(Shape {
        layers: of("layers")?,
        dense_layers: of("dense_layers")?,
        d_model: of("d_model")?,
        vocab: of("vocab")?,
        tied: model["tied"].as_bool().unwrap_or_default(),
        dense_ff: of("dense_ff")?,
        n_experts: of("n_experts")?,
        top_k: of("top_k")?,
        expert_ff: of("expert_ff")?,
        shared_ff: of("shared_ff")?,
        attention,
    })
}

/// One entry of a list of presets.
fn preset(file: &str, list: &str, id: &str) -> cli::Result<Value> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../public/economics")
        .join(file);
    let presets: Value = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    let listed = presets[list].as_array().cloned().unwrap_or_default();
    let known: Vec<String> = listed.iter().map(|entry| text(entry, "id")).collect();
    let found = listed.into_iter().find(|entry| entry["id"] == id);
    found.ok_or_else(|| format!("{id} is not in {file}; known: {}", known.join(", ")).into())
}

fn number(value: &Value, key: &str) -> Option<f64> {
    value[key].as_f64()
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}
