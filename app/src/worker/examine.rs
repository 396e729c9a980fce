//! One token looked at closely, for the page.

use moescope_engine::kernels::{Form, Links, Shader, SourceFile};
use moescope_engine::session::Examination;

use super::load::Loaded;
use super::post::Post;
use crate::protocol::{Event, Examined, ExaminedKernel, ExaminedStep, SourceText, Told};

/// How long its decode is run again and again: a coarse clock needs many runs.
const LEAST_MICROS: f64 = 400_000.0;

/// Examines a position and tells what was found, or why not.
pub async fn examine(position: u32, loaded: Option<&mut Loaded>, post: &Post) {
    let Some(loaded) = loaded else {
        let reason = Told::NothingToExamine;
        return post.events(vec![Event::NotExamined { reason }]);
    };
    let found = loaded
        .session
        .examine(&loaded.model.spec, position, LEAST_MICROS)
        .await;
    post.events(vec![match found {
        Ok(found) => Event::Examined(told(found)),
        Err(err) => Event::NotExamined {
            reason: Told::NotExamined(err.to_string()),
        },
    }]);
}

fn told(found: Examination) -> Examined {
    let mut linked: Vec<(&str, Links, Form)> = Vec::new();
    let steps = found.steps.iter().map(|step| {
        let key = (step.stem, step.links, step.form);
        let kernel = linked.iter().position(|known| *known == key).unwrap_or_else(|| {
            linked.push(key);
            linked.len() - 1
        });
        ExaminedStep {
            group: step.group.name().into(),
            layer: step.layer.map(|layer| layer.0),
            kernel: kernel as u32,
            micros: step.micros,
            weight_bytes: step.work.weight_bytes,
            kv_read_bytes: step.work.kv_read_bytes,
            kv_write_bytes: step.work.kv_write_bytes,
            operations: step.work.operations,
        }
    });
    let steps = steps.collect();
    Examined {
        position: found.position,
        runs: found.runs,
        wall_micros: found.wall_micros,
        steps,
        kernels: linked.into_iter().filter_map(kernel).collect(),
        layers: found.attention.iter().map(|(layer, _)| layer.0).collect(),
        attention: found.attention.into_iter().flat_map(|(_, mass)| mass).collect(),
    }
}

fn kernel((stem, links, form): (&str, Links, Form)) -> Option<ExaminedKernel> {
    let shader = Shader::of(stem)?;
    let text = |file: SourceFile| SourceText {
        path: file.path.into_owned(),
        text: file.text.into(),
    };
    Some(ExaminedKernel {
        stem: stem.into(),
        files: shader.files(links, form).into_iter().map(text).collect(),
        twin: text(shader.twin_file()),
    })
}
