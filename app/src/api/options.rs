//! What `generate` was asked, checked; what is left out is as in the page's controls.

use js_sys::{Error, Reflect};
use wasm_bindgen::JsValue;

use crate::protocol::{GenerateOptions, Sampling};

/// The prompt and the options, or a sentence on what is wrong with them.
pub fn read(options: &JsValue, shown: &Sampling) -> Result<(String, GenerateOptions), JsValue> {
    let field = |name: &str| Reflect::get(options, &name.into()).unwrap_or(JsValue::UNDEFINED);
    let number = |name: &str, default: f64, low: f64, high: f64| match field(name) {
        value if value.is_undefined() || value.is_null() => Ok(default),
        value => {
            let number = value.as_f64().filter(|number| (low..=high).contains(number));
            number.ok_or_else(|| {
                Error::new(&format!(
                    "generate(): {name} must be a number from {low} to {high}"
                ))
            })
        }
    };
    let flag = |name: &str, default: bool| field(name).as_bool().unwrap_or(default);
    let prompt = options.as_string().or_else(|| field("prompt").as_string());
    let prompt = prompt.ok_or_else(|| Error::new("generate(): prompt must be a string"))?;
    let sampling = Sampling {
        seed: number("seed", shown.seed as f64, 0.0, 9_007_199_254_740_991.0)? as u64,
        temperature: number("temperature", shown.temperature.into(), 0.0, 100.0)? as f32,
        top_k: number("topK", shown.top_k.into(), 0.0, 4_294_967_295.0)? as u32,
        top_p: number("topP", shown.top_p.into(), 0.0, 1.0)? as f32,
        min_p: number("minP", shown.min_p.into(), 0.0, 1.0)? as f32,
        repetition_penalty: number("repetitionPenalty", shown.repetition_penalty.into(), 0.01, 100.0)? as f32,
        max_tokens: number("maxTokens", shown.max_tokens.into(), 1.0, 4_294_967_295.0)? as u32,
    };
    let options = GenerateOptions {
        sampling,
        raw: flag("raw", false),
        fresh: !flag("continueChat", false),
        ignore_eos: flag("ignoreEos", false),
        cache_prompt: flag("cachePrompt", true),
        replaces: None,
        branch: None,
    };
    Ok((prompt, options))
}
