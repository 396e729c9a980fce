//! Self-attention with grouped heads, optional QK-norm and RoPE, added to the residual stream:
//! `x += O · attend(rope(norm(Q · h)), rope(norm(K · h)), V · h)` with `h = rms_norm(x)`.

use crate::gguf::TensorInfo;
use crate::ids::LayerIdx;
use crate::kernels::attention::MAX_HEAD_DIM;
use crate::kernels::{self, stride, units};
use crate::plan::{BufferId, PlanBuilder, PlanError};
use crate::trace::StepGroup;

/// A rotation: which part of a head turns, and how fast.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rope {
    /// Base of the geometric series of wavelengths.
    pub freq_base: f32,
    /// Leading elements of a head that rotate.
    pub n_rot: u32,
}

impl Rope {
    /// Cosines and sines for consecutive positions, computed in f64. `(positions, n_rot / 2, 2)`
    pub fn table(self, positions: std::ops::Range<u32>) -> Vec<f32> {
        let pairs = self.n_rot / 2;
        let frequency = |pair| f64::from(self.freq_base).powf(-2.0 * f64::from(pair) / f64::from(self.n_rot));
        let turn = |position, pair| {
            let angle = f64::from(position) * frequency(pair);
            [angle.cos() as f32, angle.sin() as f32]
        };
        positions
            .flat_map(|position| (0..pairs).flat_map(move |pair| turn(position, pair)))
            .collect()
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Attention {
    pub layer: LayerIdx,
    pub norm: TensorInfo,                 // (d_model)
    pub q: TensorInfo,                    // (n_heads · head_dim, d_model)
    pub k: TensorInfo,                    // (n_kv_heads · head_dim, d_model)
    pub v: TensorInfo,                    // (n_kv_heads · head_dim, d_model)
    pub o: TensorInfo,                    // (d_model, n_heads · head_dim)
    pub qk_norm: Option<[TensorInfo; 2]>, // (head_dim) each
    pub d_model: u32,
    pub n_heads: u32,
    pub n_kv_heads: u32,
    pub head_dim: u32,
    pub rope: Rope,
    pub eps: f32,
}

impl Attention {
    /// Five to seven steps: norm, one to three projections, rotation and cache, attention, output.
    pub fn plan(&self, builder: &mut PlanBuilder) -> Result<(), PlanError> {
        self.check()?;
        let layer = Some(self.layer);
        let h = self.plan_norm(builder)?;
        let q_width = self.n_heads * self.head_dim;
        let kv_width = self.n_kv_heads * self.head_dim;
        let qkv = builder.activation("qkv", q_width + 2 * kv_width);
        self.plan_projections(builder, h, qkv)?;

        let norm = builder.vector(&self.norm)?;
        let [q_norm, k_norm] = match &self.qk_norm {
            Some([q, k]) => [builder.vector(q)?, builder.vector(k)?],
            None => [norm, norm], // bound, never read
        };
        let kv = builder.options().kv;
        let q = builder.activation("q", q_width);
        let rope = builder.rope(self.rope);
        let (keys, values) = builder.kv(self.layer, kv_width);
        let params = kernels::qk_rope::Params {
            n_heads: self.n_heads,
            n_kv_heads: self.n_kv_heads,
            head_dim: self.head_dim,
            n_rot: self.rope.n_rot,
            qkv_stride: stride(q_width + 2 * kv_width),
            q_stride: stride(q_width),
            qk_norm: u32::from(self.qk_norm.is_some()),
            eps: self.eps,
        };
        let kernel = kernels::qk_rope::QkRope {
            params,
            kv,
            qkv,
            q_norm,
            k_norm,
            rope,
            q,
            keys,
            values,
        };
        builder.step(StepGroup::Attention, layer, kernel);

        let out = builder.activation("attended", q_width);
        let params = kernels::attention::Params {
            n_heads: self.n_heads,
            n_kv_heads: self.n_kv_heads,
            head_dim: self.head_dim,
            q_stride: stride(q_width),
            out_stride: stride(q_width),
            scale: 1.0 / (self.head_dim as f32).sqrt(),
            ..Default::default()
        };
        builder.step(
            StepGroup::Attention,
            layer,
            kernels::attention::Attention {
                params,
                kv,
                q,
                keys,
                values,
                out,
            },
        );
        self.plan_output(builder, out)
    }

    fn check(&self) -> Result<(), PlanError> {
        if self.head_dim <= MAX_HEAD_DIM {
            return Ok(());
        }
        Err(PlanError::Beyond {
            name: self.q.name.clone(),
            what: "the head dimension",
            got: self.head_dim.into(),
            limit: MAX_HEAD_DIM.into(),
        })
    }

    fn plan_norm(&self, builder: &mut PlanBuilder) -> Result<BufferId, PlanError> {
        let h = builder.activation("h", self.d_model);
        let kernel = kernels::rms_norm::RmsNorm {
            params: kernels::rms_norm::Params {
                width: self.d_model,
                x_stride: stride(self.d_model),
                y_stride: stride(self.d_model),
                eps: self.eps,
                ..Default::default()
            },
            x: builder.activation("x", self.d_model),
            weight: builder.vector(&self.norm)?,
            y: h,
        };
        builder.step(StepGroup::Attention, Some(self.layer), kernel);
        Ok(h)
    }

    /// q, k and v in as few matrices as their formats allow: neighbours of one format are joined.
    fn plan_projections(
        &self,
        builder: &mut PlanBuilder,
        h: BufferId,
        qkv: BufferId,
    ) -> Result<(), PlanError> {
        let tensors = [&self.q, &self.k, &self.v];
        let mut y_offset = 0;
        for joined in tensors.chunk_by(|a, b| a.format == b.format) {
            let rows: u64 = joined.iter().map(|tensor| tensor.rows()).sum();
            let kernel = kernels::matmul::Matmul {
                params: kernels::matmul::Params {
                    rows: rows as u32,
                    units: units(self.d_model),
                    x_stride: stride(self.d_model),
                    y_stride: stride((self.n_heads + 2 * self.n_kv_heads) * self.head_dim),
                    y_offset,
                    ..Default::default()
                },
                cols: self.d_model,
                format: joined[0].format,
                weights: builder.pack(joined)?,
                x: h,
                y: qkv,
            };
            builder.step(StepGroup::Attention, Some(self.layer), kernel);
            y_offset += rows as u32;
        }
        Ok(())
    }

    fn plan_output(&self, builder: &mut PlanBuilder, attended: BufferId) -> Result<(), PlanError> {
        let q_width = self.n_heads * self.head_dim;
        let kernel = kernels::matmul::Matmul {
            params: kernels::matmul::Params {
                rows: self.d_model,
                units: units(q_width),
                x_stride: stride(q_width),
                y_stride: stride(self.d_model),
                accumulate: 1,
                ..Default::default()
            },
            cols: q_width,
            format: self.o.format,
            weights: builder.pack(&[&self.o])?,
            x: attended,
            y: builder.activation("x", self.d_model),
        };
        builder.step(StepGroup::Attention, Some(self.layer), kernel);
        Ok(())
    }
}
