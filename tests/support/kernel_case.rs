//! A plan of one step with chosen inputs, run on every executor: how kernels are tested alone.

use moescope_engine::KvFormat;
use moescope_engine::gguf::TensorInfo;
use moescope_engine::kernels::{Batch, Kernel};
use moescope_engine::plan::{
    Buffer, BufferId, BufferKind, Limits, MoeShape, PackId, Plan, PlanOptions, Ports, Step, WeightPack,
};
use moescope_engine::quant::Format;
use moescope_engine::session::{Device, Executor, PassInput};
use moescope_engine::trace::StepGroup;

use crate::devices;
use crate::rng::Rng;

/// See the module. Buffer 0 is the (unused) token input of the plan.
pub struct Case {
    plan: Plan,
    inputs: Vec<(BufferId, Vec<u32>)>,
    weights: Vec<Vec<u8>>,
    batch: Batch,
}

impl Case {
    pub fn new(batch: Batch) -> Self {
        let none = BufferId(0);
        let ports = Ports {
            tokens: none,
            ropes: Vec::new(),
            logits: none,
            ids: none,
            expert_weights: none,
            probs: none,
            draw: none,
            chosen: none,
        };
        let options = PlanOptions {
            context: 1,
            batch: batch.n_tokens,
            logit_rows: 0,
            kv: KvFormat::F16,
        };
        let unused = Buffer {
            name: "unused".into(),
            kind: BufferKind::Output,
            rows: u64::from(batch.n_tokens),
            row_words: 1,
        };
        let plan = Plan {
            options,
            limits: Limits::NONE,
            vocab: 0,
            packs: Vec::new(),
            buffers: vec![unused],
            steps: Vec::new(),
            ports,
            moe: MoeShape::default(),
            kv_layers: Vec::new(),
            taps: None,
        };
        Self {
            plan,
            inputs: Vec::new(),
            weights: Vec::new(),
            batch,
        }
    }

    /// A buffer that starts with `words` and has `len` of them.
    pub fn words(&mut self, words: &[u32], len: usize) -> BufferId {
        let id = BufferId(self.plan.buffers.len());
        let name = format!("buffer {}", id.0);
        self.plan.buffers.push(Buffer {
            name,
            kind: BufferKind::Activation,
            rows: 1,
            row_words: len as u64,
        });
        self.inputs.push((id, words.to_vec()));
        id
    }

    /// The same with floats.
    pub fn floats(&mut self, floats: &[f32], len: usize) -> BufferId {
        self.words(bytemuck::cast_slice(floats), len)
    }

    /// Rows of `width` floats, each padded with zeros to `stride`.
    pub fn padded(&mut self, floats: &[f32], width: usize, stride: usize) -> BufferId {
        let mut words = Vec::new();
        for row in floats.chunks(width) {
            words.extend_from_slice(row);
            words.resize(words.len() + stride - width, 0.0);
        }
        let len = words.len();
        self.floats(&words, len)
    }

    /// A matrix of random blocks; also returns its decoded values.
    pub fn weights(&mut self, format: Format, rows: usize, cols: usize, rng: &mut Rng) -> (PackId, Vec<f32>) {
        let bytes = random_blocks(format, rows * cols, rng);
        let mut decoded = vec![0.0; rows * cols];
        format.to_f32(&bytes, &mut decoded);
        (self.pack(format, rows, cols, bytes), decoded)
    }

    /// A vector that kernels read as floats.
    pub fn vector(&mut self, values: &[f32]) -> PackId {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.pack(Format::F32, 1, values.len(), bytes)
    }

    /// Rows of floats, each padded to whole units as a plan pads them.
    pub fn matrix(&mut self, values: &[f32], cols: usize) -> PackId {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.pack(Format::F32, values.len() / cols, cols, bytes)
    }

    fn pack(&mut self, format: Format, rows: usize, cols: usize, bytes: Vec<u8>) -> PackId {
        let id = PackId(self.plan.packs.len());
        let tensor = TensorInfo {
            name: format!("weights {}", id.0),
            format,
            dims: vec![cols as u64, rows as u64],
            range: 0..bytes.len() as u64,
        };
        let (rows, cols) = (rows as u64, cols as u32);
        self.plan.packs.push(WeightPack {
            tensors: vec![tensor],
            format,
            rows,
            cols,
        });
        self.weights.push(bytes);
        id
    }

    /// Runs the kernel everywhere and hands each executor's buffers to `check`.
    pub fn run(self, kernel: impl Kernel + 'static, outputs: &[BufferId], check: impl Fn(&str, &[Vec<u32>])) {
        self.run_on(devices::all(), kernel, outputs, check);
    }

    /// The same on chosen devices.
    pub fn run_on(
        mut self,
        devices: Vec<(String, Device)>,
        kernel: impl Kernel + 'static,
        outputs: &[BufferId],
        check: impl Fn(&str, &[Vec<u32>]),
    ) {
        self.plan.steps.push(Step {
            group: StepGroup::Embed,
            layer: None,
            kernel: Box::new(kernel),
        });
        for (name, device) in devices {
            let mut executor = pollster::block_on(Executor::new(&device, &self.plan)).expect(&name);
            for (index, bytes) in self.weights.iter().enumerate() {
                // In two pieces, so that a repacking group is cut in the middle of its rows.
                let pack = &self.plan.packs[index];
                let cut = (pack.rows as usize / 2) * pack.row_bytes() as usize;
                for rows in [&bytes[..cut], &bytes[cut..]] {
                    executor
                        .write_weights(&self.plan, PackId(index), rows)
                        .expect(&name);
                }
                executor.finish_weights(&self.plan, PackId(index)).expect(&name);
            }
            for (id, words) in &self.inputs {
                executor.write_buffer(*id, words);
            }
            let tokens = vec![0; self.batch.n_tokens as usize];
            let input = PassInput {
                batch: self.batch,
                tokens: Some(&tokens),
                ropes: Vec::new(),
                draw: None,
                is_traced: true,
            };
            let ran = pollster::block_on(executor.run(&self.plan, &input)).expect(&name);
            assert_eq!(ran.dispatches, 1, "{name}");
            let read = |id: &BufferId| {
                let mut words = pollster::block_on(executor.read_buffer(*id)).expect(&name);
                // A device may have given it more.
                words.truncate(self.plan.buffers[id.0].words() as usize);
                words
            };
            let buffers: Vec<Vec<u32>> = outputs.iter().map(read).collect();
            check(&name, &buffers);
        }
    }
}

/// Blocks of random bits whose scales are halves of ordinary size.
pub fn random_blocks(format: Format, elements: usize, rng: &mut Rng) -> Vec<u8> {
    if format == Format::F32 {
        return rng
            .floats(elements)
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
    }
    let scale_offsets: &[usize] = match format {
        Format::F16 | Format::Q8_0 | Format::Q4_0 | Format::Q5_0 | Format::IQ4_NL | Format::IQ4_XS => &[0],
        Format::Q4_K | Format::Q5_K | Format::Q4_1 | Format::Q5_1 => &[0, 2],
        Format::Q2_K => &[80, 82],
        Format::Q3_K => &[108],
        Format::Q6_K => &[208],
        Format::F32 | Format::BF16 | Format::MXFP4 => &[],
    };
    let size = match format {
        Format::F16 => 1.0,
        Format::Q8_0 | Format::Q4_0 | Format::Q4_1 | Format::Q5_0 | Format::Q5_1 | Format::Q2_K => 0.05,
        _ => 0.002,
    };
    let blocks = elements / format.block_elements();
    let mut bytes: Vec<u8> = (0..blocks * format.block_bytes())
        .map(|_| rng.bits() as u8)
        .collect();
    for block in bytes.chunks_mut(format.block_bytes()) {
        match format {
            // A float between 1 and 2, either sign; a scale of 2⁻⁸ to 2⁻⁵.
            Format::BF16 => block[1] = block[1] & 0x80 | 0x3f,
            Format::MXFP4 => block[0] = 120 + block[0] % 4,
            _ => {}
        }
        for offset in scale_offsets {
            let scale = half::f16::from_f32(rng.signed() * size);
            block[*offset..offset + 2].copy_from_slice(&scale.to_le_bytes());
        }
    }
    bytes
}

/// Bits as floats.
pub fn floats(words: &[u32]) -> &[f32] {
    bytemuck::cast_slice(words)
}

/// Asserts that every value is within `tolerance` × the largest expected magnitude.
pub fn assert_close(name: &str, got: &[f32], expected: &[f64], tolerance: f64) {
    assert_eq!(got.len(), expected.len(), "{name}: length");
    let scale = expected
        .iter()
        .fold(1e-30f64, |most, value| most.max(value.abs()));
    for (index, (got, expected)) in got.iter().zip(expected).enumerate() {
        let error = (f64::from(*got) - expected).abs() / scale;
        assert!(
            error <= tolerance,
            "{name}: at {index} got {got}, expected {expected}, error {error:.2e}"
        );
    }
}
