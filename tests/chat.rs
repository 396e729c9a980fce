//! Chat templates: those of real models as transformers renders them, bounds, and the plain forms.

use std::time::{Duration, Instant};

use moescope_engine::MemorySource;
use moescope_engine::chat::channels::{Channel, Channels};
use moescope_engine::chat::{ChatError, ChatTemplate, Message, Note, Plain, Rendered};
use moescope_engine::gguf::Gguf;
use moescope_tests::gguf_bytes::Builder;

fn template(source: Option<&str>, tokens: &[&str]) -> ChatTemplate {
    let file = Builder::new().texts("tokenizer.ggml.tokens", tokens);
    let file = file
        .u32("tokenizer.ggml.bos_token_id", 0)
        .u32("tokenizer.ggml.eos_token_id", 1);
    let file = source
        .into_iter()
        .fold(file, |file, source| file.text("tokenizer.chat_template", source));
    let gguf = pollster::block_on(Gguf::read(&MemorySource(file.bytes()))).expect("a good header");
    ChatTemplate::from_gguf(&gguf.metadata).expect("good metadata")
}

fn conversation() -> Vec<Message> {
    let turn = |role: &str, content: &str| Message {
        role: role.into(),
        content: content.into(),
    };
    vec![
        turn("system", " Be brief. "),
        turn("user", "Hi\n"),
        turn("assistant", "<think>hm</think>Hello"),
        turn("user", "{{ 1 }}"),
    ]
}

fn render(source: &str) -> Result<Rendered, ChatError> {
    template(Some(source), &["<s>", "</s>"]).render(&conversation(), true)
}

/// The text of a template that must run.
#[track_caller]
fn text(source: &str) -> String {
    let rendered = render(source).expect("rendered");
    assert_eq!(rendered.note, None);
    rendered.text
}

#[test]
fn renders_chatml_as_the_qwen_family_writes_it() {
    let source = "{%- for message in messages %}\n    {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}\n{%- endfor %}\n{%- if add_generation_prompt %}\n    {{- '<|im_start|>assistant\\n' }}\n{%- endif %}\n";
    let expected = "<|im_start|>system\n Be brief. <|im_end|>\n<|im_start|>user\nHi\n<|im_end|>\n<|im_start|>assistant\n<think>hm</think>Hello<|im_end|>\n<|im_start|>user\n{{ 1 }}<|im_end|>\n<|im_start|>assistant\n";
    assert_eq!(text(source), expected);
}

#[test]
fn python_methods_slices_and_namespaces_work() {
    let source = "{%- set ns = namespace(n=0) %}{%- for m in messages[::-1] %}{%- if m['role'].startswith('u') %}{%- set ns.n = ns.n + 1 %}{%- endif %}{%- endfor %}{{ ns.n }} {{ messages[2].content.split('</think>')[-1].lstrip('\\n') }} {{ messages[0]['content'].strip() | upper }} {{ messages | length }} {{ tools is defined }}";
    assert_eq!(text(source), "2 Hello BE BRIEF. 4 False");
}

#[test]
fn blocks_are_trimmed_as_transformers_does() {
    assert_eq!(text("a\n  {% if true %}\nb\n  {% endif %}\nc\n"), "a\nb\nc");
}

#[test]
fn marks_for_training_are_rendered_as_if_they_were_not_there() {
    let source = "{% for message in messages %}{{ message.role }}:\n  {%- generation -%}  {{ message.content }}  {%- endgeneration %}\n|{% endfor %}";
    let plain = source
        .replace("{%- generation -%}", "{%- if true -%}")
        .replace("endgeneration", "endif");
    assert_eq!(text(source), text(&plain));
    assert!(text(source).contains("user:Hi"), "{}", text(source));
    // A word in the text is no mark.
    assert_eq!(
        text("generation {% if true %}endgeneration{% endif %}"),
        "generation endgeneration"
    );
}

#[test]
fn special_tokens_and_the_date_are_there() {
    let rendered =
        text("{{ bos_token }}{{ eos_token }}{{ strftime_now('%Y') | length }}{{ {'a': 1} | tojson }}");
    assert_eq!(rendered, "<s></s>4{\"a\": 1}");
}

#[test]
fn a_template_may_refuse_a_conversation() {
    let err = render("{{ raise_exception('roles must alternate') }}").expect_err("refused");
    assert!(
        matches!(&err, ChatError::Refused { why } if &**why == "roles must alternate"),
        "{err}"
    );
}

#[test]
fn without_template_a_plain_form_is_used_and_said() {
    let chatml = template(None, &["<|im_start|>", "<|im_end|>"])
        .render(&conversation()[..2], true)
        .expect("rendered");
    assert_eq!(
        chatml.text,
        "<|im_start|>system\n Be brief. <|im_end|>\n<|im_start|>user\nHi\n<|im_end|>\n<|im_start|>assistant\n"
    );
    assert_eq!(chatml.note, Some(Note::NoTemplate { used: Plain::ChatMl }));
    let lines = template(None, &["a", "b"])
        .render(&conversation()[1..2], false)
        .expect("rendered");
    assert_eq!(lines.text, "user: Hi\n\n\n");
    assert!(
        lines
            .note
            .expect("a note")
            .to_string()
            .contains("no chat template")
    );
}

#[test]
fn a_broken_template_falls_back_and_says_why() {
    for source in [
        "{% if %}",
        "{{ messages | nosuchfilter }}",
        "{{ messages.a.b.c }}",
        "{{ 1 // 0 }}",
    ] {
        let rendered = render(source).expect("fallback");
        assert!(rendered.text.starts_with("system: "), "{source}");
        let note = rendered.note.expect("a note").to_string();
        assert!(note.contains("failed"), "{note}");
    }
}

#[test]
fn templates_cannot_run_away() {
    let hostile = [
        "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% for a in range(9000) %}{{ 'x' * 100000 }}{% endfor %}",
        "{{ 'x' * 99999999999 }}",
    ];
    for source in hostile {
        let started = Instant::now();
        let ended_well = match render(source) {
            Ok(rendered) => rendered.note.is_some(),
            Err(err) => matches!(err, ChatError::TooLong { .. }),
        };
        assert!(ended_well, "{source}");
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "{source} took {:?}",
            started.elapsed()
        );
    }
}

/// Every token with its channel, as one letter: answer, reasoning, mark.
fn channels(prompt: &str, tokens: &[&str]) -> String {
    let mut channels = Channels::after(prompt);
    let letter = |token: &&str| match channels.push(token) {
        Channel::Answer => 'a',
        Channel::Reasoning => 'r',
        Channel::Mark => '-',
    };
    tokens.iter().map(letter).collect()
}

#[test]
fn thinking_is_reasoning_until_it_is_closed() {
    let tokens = ["<think>", "\n", "So", "</think>", "\n\n", "4"];
    assert_eq!(channels("...<|im_start|>assistant\n", &tokens), "-rr-aa");
    // A template may have opened it.
    assert_eq!(
        channels("<|im_start|>assistant\n<think>\n", &["So", "</think>", "4"]),
        "r-a"
    );
    assert_eq!(channels("assistant\n", &["4", " <", " 5"]), "aaa");
}

#[test]
fn marks_in_several_tokens_are_found() {
    assert_eq!(
        channels("", &["<", "think", ">", "hm", "</", "think", ">", "4"]),
        "aa-rrr-a"
    );
    assert_eq!(
        channels("", &["naïve", " <thin", "k>", "é", "</think>\n", "4"]),
        "aa-r-a"
    );
}

#[test]
fn only_the_final_channel_of_the_harmony_form_is_said() {
    let tokens = [
        "<|channel|>",
        "analysis",
        "<|message|>",
        "2+2",
        "<|end|>",
        "<|start|>",
        "assistant",
        "<|channel|>",
        "final",
        "<|message|>",
        "4",
        "<|return|>",
    ];
    assert_eq!(
        channels("<|start|>user<|message|>?<|end|><|start|>assistant", &tokens),
        "---r------a-"
    );
    let tool = [
        "<|channel|>",
        "comment",
        "ary",
        " to=f",
        "<|message|>",
        "{}",
        "<|call|>",
    ];
    assert_eq!(channels("<|start|>assistant", &tool), "-----r-");
}
