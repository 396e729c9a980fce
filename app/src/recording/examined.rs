//! Tokens that were looked at closely, between the page and the columns of a run. The sources of kernels are
//! not in the file, only their names.

use std::rc::Rc;

use moescope_run_file::{Kernel, Run, Step};

use crate::protocol::{Examined, ExaminedKernel, ExaminedStep, SourceText};

/// Writes those that ran the same steps as the first: all of one model on one device do.
pub fn write(run: &mut Run, all: &[Rc<Examined>]) {
    let Some(first) = all.first() else { return };
    run.info.steps = first.steps.iter().map(step_to_file).collect();
    run.info.kernels = first.kernels.iter().map(kernel_to_file).collect();
    run.info.attention_layers.clone_from(&first.layers);
    let columns = &mut run.examined;
    for found in all {
        let steps = found.steps.iter().map(step_to_file);
        let attention = found.layers.len() * (found.position as usize + 1);
        let is_alike = steps.eq(run.info.steps.iter().cloned()) && found.layers == first.layers;
        if !is_alike || found.attention.len() != attention {
            continue;
        }
        columns.positions.push(found.position);
        columns.runs.push(found.runs);
        columns.wall_micros.push(found.wall_micros);
        columns.attention.extend(&found.attention);
        for step in &found.steps {
            columns.step_micros.push(step.micros.unwrap_or(f64::NAN));
            columns.step_weight_bytes.push(step.weight_bytes);
            columns.step_kv_read_bytes.push(step.kv_read_bytes);
            columns.step_kv_write_bytes.push(step.kv_write_bytes);
            columns.step_operations.push(step.operations);
        }
    }
}

/// All that a checked run has.
pub fn read(run: &Run) -> Vec<Examined> {
    let (info, columns) = (&run.info, &run.examined);
    let mut attention = columns.attention.as_slice();
    let mut one = |(at, &position): (usize, &u32)| {
        let length = info.attention_layers.len() * (position as usize + 1);
        let (own, rest) = attention.split_at(length.min(attention.len()));
        attention = rest;
        let step = |(index, step): (usize, &Step)| {
            let at = at * info.steps.len() + index;
            ExaminedStep {
                group: step.group.clone(),
                layer: step.layer,
                kernel: step.kernel,
                micros: Some(columns.step_micros[at]).filter(|micros| !micros.is_nan()),
                weight_bytes: columns.step_weight_bytes[at],
                kv_read_bytes: columns.step_kv_read_bytes[at],
                kv_write_bytes: columns.step_kv_write_bytes[at],
                operations: columns.step_operations[at],
            }
        };
        Examined {
            position,
            runs: columns.runs[at],
            wall_micros: columns.wall_micros[at],
            steps: info.steps.iter().enumerate().map(step).collect(),
            kernels: info.kernels.iter().map(kernel_from_file).collect(),
            layers: info.attention_layers.clone(),
            attention: own.to_vec(),
        }
    };
    columns.positions.iter().enumerate().map(&mut one).collect()
}

fn step_to_file(step: &ExaminedStep) -> Step {
    Step {
        group: step.group.clone(),
        layer: step.layer,
        kernel: step.kernel,
    }
}

fn kernel_to_file(kernel: &ExaminedKernel) -> Kernel {
    Kernel {
        stem: kernel.stem.clone(),
        files: kernel.files.iter().map(|file| file.path.clone()).collect(),
        twin: kernel.twin.path.clone(),
    }
}

fn kernel_from_file(kernel: &Kernel) -> ExaminedKernel {
    let named = |path: &String| SourceText {
        path: path.clone(),
        text: String::new(),
    };
    ExaminedKernel {
        stem: kernel.stem.clone(),
        files: kernel.files.iter().map(named).collect(),
        twin: named(&kernel.twin),
    }
}
