//! Self-attention with grouped heads, optional QK-norm and RoPE, added to the residual stream:
//! `x += scale · O · attend(rope(norm(Q · h)), rope(norm(K · h)), V · h)` with `h = rms_norm(x)`.
//! What differs between architectures is data here: norms, biases, pairing, scaling, window, sinks.

use super::norm::Norm;
use super::projection::{Linear, Projection};
use crate::gguf::TensorInfo;
use crate::ids::LayerIdx;
use crate::kernels::attention::MAX_VALUE_DIM;
use crate::kernels::attention_merge::part_stride;
use crate::kernels::{self, stride};
use crate::plan::{BufferId, PlanBuilder, PlanError};
use crate::trace::StepGroup;

/// A rotation: which part of a head turns, and how fast.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rope {
    /// Base of the geometric series of wavelengths.
    pub freq_base: f32,
    /// Leading elements of a head that rotate.
    pub n_rot: u32,
    pub scaling: RopeScaling,
    /// Factor on cosines and sines beyond that of the scaling.
    pub magnitude: f32,
}

/// How a model stretches its positions beyond those it was first trained on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RopeScaling {
    None,
    /// Positions divided by a factor.
    Linear {
        factor: f32,
    },
    /// YaRN (arXiv:2309.00071) as llama.cpp has it, with the bounds of the ramp on whole pairs.
    Yarn {
        factor: f32,
        original_context: u32,
        /// Turns over the original context above which a pair is left alone, below which stretched.
        beta_fast: f32,
        beta_slow: f32,
        /// Extra factor on cosines and sines.
        attn_factor: f32,
    },
}

impl Rope {
    /// Cosines and sines for consecutive positions, computed in f64. `(positions, n_rot / 2, 2)`
    /// `factors`: what the file divides the speed of each pair by, if it does; (n_rot / 2).
    pub fn table(self, positions: std::ops::Range<u32>, factors: &[f32]) -> Vec<f32> {
        let pairs = self.n_rot / 2;
        let factor = |pair: u32| {
            factors
                .get(pair as usize)
                .map_or(1.0, |factor| f64::from(*factor))
        };
        let frequencies: Vec<f64> = (0..pairs)
            .map(|pair| self.frequency(pair) / factor(pair))
            .collect();
        let length = self.length();
        let turn = |position, frequency: &f64| {
            let angle = f64::from(position) * frequency;
            [(angle.cos() * length) as f32, (angle.sin() * length) as f32]
        };
        positions
            .flat_map(|position| {
                frequencies
                    .iter()
                    .flat_map(move |frequency| turn(position, frequency))
            })
            .collect()
    }

    /// Radians per position of a pair.
    fn frequency(self, pair: u32) -> f64 {
        let plain = f64::from(self.freq_base).powf(-2.0 * f64::from(pair) / f64::from(self.n_rot));
        match self.scaling {
            RopeScaling::None => plain,
            RopeScaling::Linear { factor } => plain / f64::from(factor),
            RopeScaling::Yarn {
                factor,
                original_context,
                beta_fast,
                beta_slow,
                ..
            } => {
                let last = f64::from(self.n_rot) - 1.0;
                let low = self.pair_of(original_context, beta_fast).floor().max(0.0);
                let high = self.pair_of(original_context, beta_slow).ceil().min(last);
                let ramp = ((f64::from(pair) - low) / (high - low).max(0.001)).clamp(0.0, 1.0);
                plain * (1.0 - ramp) + plain / f64::from(factor) * ramp
            }
        }
    }

    /// The pair, as a real number, that turns so often over a context.
    fn pair_of(self, context: u32, turns: f32) -> f64 {
        let wavelength = f64::from(context) / (f64::from(turns) * std::f64::consts::TAU);
        f64::from(self.n_rot) * wavelength.ln() / (2.0 * f64::from(self.freq_base).ln())
    }

    /// Factor on cosines and sines.
    fn length(self) -> f64 {
        let own = match self.scaling {
            RopeScaling::Yarn {
                factor, attn_factor, ..
            } => f64::from(attn_factor) * (1.0 + 0.1 * f64::from(factor).ln()),
            RopeScaling::None | RopeScaling::Linear { .. } => 1.0,
        };
        own * f64::from(self.magnitude)
    }
}

/// Gains of the norm of queries and of keys.
#[derive(Clone, Debug)]
pub enum QkNorm {
    None,
    /// Each head for itself: (head_dim) both.
    PerHead([TensorInfo; 2]),
    /// All heads together: (n_heads · head_dim), (n_kv_heads · head_dim).
    Whole([TensorInfo; 2]),
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Attention {
    pub layer: LayerIdx,
    pub norm: Norm, // (d_model)
    /// Rows of queries, then keys, then values, in three matrices or joined in one.
    /// ((n_heads + 2 · n_kv_heads) · head_dim, d_model)
    pub qkv: Vec<Linear>,
    pub o: Linear, // (d_model, n_heads · head_dim)
    pub qk_norm: QkNorm,
    pub d_model: u32,
    pub n_heads: u32,
    pub n_kv_heads: u32,
    pub head_dim: u32,
    pub rope: Rope,
    /// Neighbouring elements turn together, not those half a head apart.
    pub interleaved: bool,
    /// Factor on q · k.
    pub scale: f32,
    /// Positions a token sees, its own included; `None`: all.
    pub window: Option<u32>,
    /// One more logit of each head's softmax, without a value. (n_heads)
    pub sinks: Option<TensorInfo>,
    /// Factor on what the block adds to the residual stream.
    pub residual_scale: f32,
    pub eps: f32,
}

impl Attention {
    /// Six to eight steps: norm, one to three projections, rotation and cache, attention in two, output.
    pub fn plan(&self, builder: &mut PlanBuilder) -> Result<(), PlanError> {
        self.check()?;
        builder.check_kv_block(&self.o.weight.name, self.head_dim)?;
        let h = super::plan_norm(
            builder,
            StepGroup::Attention,
            self.layer,
            &self.norm,
            self.d_model,
            self.eps,
        )?;
        let q_width = self.n_heads * self.head_dim;
        let qkv_width = q_width + 2 * self.n_kv_heads * self.head_dim;
        let qkv = builder.activation("qkv", qkv_width);
        let inward = Projection {
            group: StepGroup::Attention,
            layer: Some(self.layer),
            x: h,
            cols: self.d_model,
            y: qkv,
            y_width: qkv_width,
            accumulate: false,
            scale: 1.0,
        };
        inward.plan(builder, &self.qkv.iter().collect::<Vec<_>>())?;
        let out = self.plan_attention(builder, qkv)?;
        let outward = Projection {
            x: out,
            cols: q_width,
            y: builder.activation("x", self.d_model),
            y_width: self.d_model,
            accumulate: true,
            scale: self.residual_scale,
            ..inward
        };
        outward.plan(builder, &[&self.o])
    }

    /// From projections to what the heads collected.
    fn plan_attention(&self, builder: &mut PlanBuilder, qkv: BufferId) -> Result<BufferId, PlanError> {
        let layer = Some(self.layer);
        let q_width = self.n_heads * self.head_dim;
        let kv_width = self.n_kv_heads * self.head_dim;
        let norm = self.norm.pack(builder)?;
        let (qk_norm, [q_norm, k_norm]) = match &self.qk_norm {
            QkNorm::None => (0, [norm, norm]), // bound, never read
            QkNorm::PerHead([q, k]) => (1, [builder.vector(q)?, builder.vector(k)?]),
            QkNorm::Whole([q, k]) => (2, [builder.vector(q)?, builder.vector(k)?]),
        };
        let kv = builder.options().kv;
        let q = builder.activation("q", q_width);
        let (keys, values, cache_rows) = builder.kv(self.layer, kv_width, self.window);
        let kernel = kernels::qk_rope::QkRope {
            params: kernels::qk_rope::Params {
                n_heads: self.n_heads,
                n_kv_heads: self.n_kv_heads,
                head_dim: self.head_dim,
                n_rot: self.rope.n_rot,
                qkv_stride: stride(q_width + 2 * kv_width),
                q_stride: stride(q_width),
                qk_norm,
                eps: self.eps,
                interleaved: u32::from(self.interleaved),
                cache_rows,
                ..Default::default()
            },
            kv,
            qkv,
            q_norm,
            k_norm,
            rope: builder.rope(self.rope),
            q,
            keys,
            values,
        };
        builder.step(StepGroup::Attention, layer, kernel);

        let out = builder.activation("attended", q_width);
        let kernel = kernels::attention::Attention {
            params: kernels::attention::Params {
                n_heads: self.n_heads,
                n_kv_heads: self.n_kv_heads,
                head_dim: self.head_dim,
                q_stride: stride(q_width),
                out_stride: stride(q_width),
                scale: self.scale,
                window: self.window.unwrap_or(0),
                has_sinks: u32::from(self.sinks.is_some()),
                value_dim: self.head_dim,
                value_stride: self.head_dim,
                cache_rows,
                part_stride: part_stride(self.head_dim),
            },
            kv,
            q,
            keys,
            values,
            sinks: self
                .sinks
                .as_ref()
                .map(|sinks| builder.vector(sinks))
                .transpose()?,
            out,
            parts: super::attention_parts(builder, self.n_heads, self.head_dim),
        };
        builder.attention(layer, kernel);
        Ok(out)
    }

    fn check(&self) -> Result<(), PlanError> {
        if self.head_dim <= MAX_VALUE_DIM {
            return Ok(());
        }
        Err(PlanError::Beyond {
            name: self.o.weight.name.clone(),
            what: "the head dimension",
            got: self.head_dim.into(),
            limit: MAX_VALUE_DIM.into(),
        })
    }
}
