//! What vLLM's and SGLang's answers have in common with OpenAI's: choices, texts, token counts.

use serde_json::Value;

use super::routed::{Exchange, Token};

/// The first choice of a response that has any.
pub fn choice(response: &Value) -> Option<&Value> {
    response.get("choices")?.get(0)
}

/// Tokens as far as a response tells them, and the rows of routing laid over them from the front.
/// The last sampled token was never fed back, so it has no row.
pub fn exchange(response: &Value, rows: Vec<Vec<i64>>, start: usize) -> Exchange {
    let choice = choice(response).unwrap_or(&Value::Null);
    let mut sampled = sampled(choice);
    let count = |name: &str| {
        response
            .get("usage")?
            .get(name)?
            .as_u64()
            .map(|count| count as usize)
    };
    let told = rows.len() + start;
    let n_sampled = match sampled.len() {
        0 => count("completion_tokens").unwrap_or(0).min(told + 1),
        known => known,
    };
    sampled.resize_with(n_sampled, Token::default);
    let n_prompt = (told + 1)
        .saturating_sub(n_sampled)
        .max(usize::from(n_sampled == 0));
    let n_prompt = if n_sampled == 0 { told } else { n_prompt };
    let mut prompt = vec![Token::default(); n_prompt];
    let ids = response
        .get("prompt_token_ids")
        .or_else(|| choice.get("prompt_token_ids"));
    for (token, id) in prompt
        .iter_mut()
        .zip(ids.and_then(Value::as_array).into_iter().flatten())
    {
        token.id = id.as_u64().unwrap_or(0) as u32;
    }
    let tokens = prompt.iter_mut().chain(&mut sampled).skip(start);
    for (token, row) in tokens.zip(rows) {
        token.ids = row;
    }
    Exchange {
        prompt,
        sampled,
        typed: None,
        finish: choice
            .get("finish_reason")
            .and_then(Value::as_str)
            .map(|why| match why {
                "length" => "maxTokens".into(),
                _ => "stop".into(),
            }),
    }
}

/// Sampled tokens by their log-probabilities, in the form of chats or of completions.
fn sampled(choice: &Value) -> Vec<Token> {
    let mut tokens = of_chat(choice)
        .or_else(|| of_completion(choice))
        .unwrap_or_default();
    let ids = choice.get("token_ids").and_then(Value::as_array);
    if let Some(ids) = ids {
        if tokens.is_empty() {
            tokens.resize_with(ids.len(), Token::default);
        }
        for (token, id) in tokens.iter_mut().zip(ids) {
            token.id = id.as_u64().unwrap_or(0) as u32;
        }
    }
    tokens
}

fn of_chat(choice: &Value) -> Option<Vec<Token>> {
    let items = choice.get("logprobs")?.get("content")?.as_array()?;
    let said = |item: &Value| {
        let text = item.get("token").and_then(Value::as_str)?;
        let prob = item.get("logprob").and_then(Value::as_f64)?.exp() as f32;
        Some((text.to_owned(), prob))
    };
    let token = |item: &Value| {
        let own = said(item);
        let likely = item.get("top_logprobs").and_then(Value::as_array);
        Token {
            text: own.as_ref().map(|(text, _)| text.clone()),
            prob: own.map(|(_, prob)| prob),
            likely: likely.into_iter().flatten().filter_map(said).collect(),
            ..Token::default()
        }
    };
    Some(items.iter().map(token).collect())
}

fn of_completion(choice: &Value) -> Option<Vec<Token>> {
    let logprobs = choice.get("logprobs")?;
    let texts = logprobs.get("tokens")?.as_array()?;
    let probs = logprobs.get("token_logprobs").and_then(Value::as_array);
    let token = |(at, text): (usize, &Value)| Token {
        text: text.as_str().map(str::to_owned),
        prob: probs
            .and_then(|probs| probs.get(at)?.as_f64())
            .map(|logprob| logprob.exp() as f32),
        ..Token::default()
    };
    Some(texts.iter().enumerate().map(token).collect())
}

/// The model's name.
pub fn model(response: &Value) -> String {
    let name = response.get("model").and_then(Value::as_str);
    name.unwrap_or_default().to_owned()
}

/// MoE layers when only their number is known.
pub fn layers(count: usize) -> Vec<u32> {
    (0..count as u32).collect()
}
