//! Multi-head latent attention (MLA, arXiv:2405.04434): keys and values of all heads are made from one
//! latent per position, and only that and one rotated key are cached. In its absorbed form no key or
//! value is ever built: `q · (K_b · c) = (K_bᵀ · q) · c`, so queries go to the latents, and what is
//! collected there goes through each head's `V_b`.

use super::attention::Rope;
use super::norm::Norm;
use super::projection::{Linear, Projection};
use crate::gguf::TensorInfo;
use crate::ids::LayerIdx;
use crate::kernels::attention::{MAX_HEAD_DIM, MAX_VALUE_DIM};
use crate::kernels::attention_merge::part_stride;
use crate::kernels::{self, stride, units};
use crate::plan::{BufferId, PlanBuilder, PlanError};
use crate::trace::StepGroup;

/// A normed bottleneck that queries go through.
#[derive(Clone, Debug)]
pub struct LowRank {
    pub inward: Linear,   // (rank, d_model)
    pub norm: TensorInfo, // (rank)
    pub rank: u32,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct LatentAttention {
    pub layer: LayerIdx,
    pub norm: Norm, // (d_model)
    pub q: Linear,  // (n_heads · (d_nope + n_rot), d_model or rank)
    pub q_low_rank: Option<Box<LowRank>>,
    pub kv_a: Linear,            // (d_latent + n_rot, d_model)
    pub latent_norm: TensorInfo, // (d_latent)
    pub k_b: TensorInfo,         // (n_heads, d_latent, d_nope)
    pub v_b: TensorInfo,         // (n_heads, d_value, d_latent)
    pub o: Linear,               // (d_model, n_heads · d_value)
    pub d_model: u32,
    pub n_heads: u32,
    pub d_nope: u32,
    pub d_latent: u32,
    pub d_value: u32,
    pub rope: Rope,
    /// Factor on q · k.
    pub scale: f32,
    pub eps: f32,
}

/// A part of every row of a buffer.
#[derive(Clone, Copy)]
struct Part {
    buffer: BufferId,
    stride: u32,
    offset: u32,
}

/// A matrix for each head, times that head's part of x.
struct PerHead<'a> {
    weights: &'a TensorInfo, // (n_heads, rows, cols)
    rows: u32,
    cols: u32,
    x: Part,
    /// Elements from one head to the next.
    x_head: u32,
    y: Part,
    y_head: u32,
}

impl LatentAttention {
    /// Nine steps, two more where queries have a bottleneck.
    pub fn plan(&self, builder: &mut PlanBuilder) -> Result<(), PlanError> {
        self.check()?;
        builder.check_kv_block(&self.kv_a.weight.name, self.d_latent)?;
        builder.check_kv_block(&self.kv_a.weight.name, self.d_key())?;
        let group = StepGroup::Attention;
        let h = super::plan_norm(builder, group, self.layer, &self.norm, self.d_model, self.eps)?;
        let (q, latent) = self.plan_inward(builder, h)?;
        let absorbed = part(builder, "q_latent", self.n_heads * self.d_key());
        let into_latents = PerHead {
            weights: &self.k_b,
            rows: self.d_latent,
            cols: self.d_nope,
            x: q,
            x_head: self.d_nope + self.rope.n_rot,
            y: absorbed,
            y_head: self.d_key(),
        };
        self.plan_per_head(builder, &into_latents)?;
        let collected = self.plan_attention(builder, q, latent, absorbed)?;
        let values = part(builder, "attended", self.n_heads * self.d_value);
        let out_of_latents = PerHead {
            weights: &self.v_b,
            rows: self.d_value,
            cols: self.d_latent,
            x: collected,
            x_head: self.d_latent,
            y: values,
            y_head: self.d_value,
        };
        self.plan_per_head(builder, &out_of_latents)?;
        let outward = Projection {
            x: values.buffer,
            cols: self.n_heads * self.d_value,
            y: builder.activation("x", self.d_model),
            y_width: self.d_model,
            accumulate: true,
            ..self.inward(h)
        };
        outward.plan(builder, &[&self.o])
    }

    /// Elements of a cache row, and of a query against it.
    fn d_key(&self) -> u32 {
        self.d_latent + self.rope.n_rot
    }

    /// A projection of `h` whose output is still to be named.
    fn inward(&self, h: BufferId) -> Projection {
        Projection {
            group: StepGroup::Attention,
            layer: Some(self.layer),
            x: h,
            cols: self.d_model,
            y: h,
            y_width: self.d_model,
            accumulate: false,
            scale: 1.0,
        }
    }

    /// Queries of all heads, and the latent with its key.
    fn plan_inward(&self, builder: &mut PlanBuilder, h: BufferId) -> Result<(Part, Part), PlanError> {
        let q_width = self.n_heads * (self.d_nope + self.rope.n_rot);
        let (first, first_width) = match &self.q_low_rank {
            None => (&self.q, q_width),
            Some(low) => (&low.inward, low.rank),
        };
        let width = first_width + self.d_key();
        let joined = part(builder, "q_and_latent", width);
        let inward = Projection {
            y: joined.buffer,
            y_width: width,
            ..self.inward(h)
        };
        inward.plan(builder, &[first, &self.kv_a])?;
        let latent = Part {
            offset: first_width,
            ..joined
        };
        let Some(low) = &self.q_low_rank else {
            return Ok((joined, latent));
        };
        let narrow = part(builder, "q_low_rank", low.rank);
        let kernel = kernels::rms_norm::RmsNorm {
            params: kernels::rms_norm::Params {
                width: low.rank,
                x_stride: joined.stride,
                y_stride: narrow.stride,
                eps: self.eps,
                ..Default::default()
            },
            x: joined.buffer,
            weight: builder.vector(&low.norm)?,
            y: narrow.buffer,
        };
        builder.step(StepGroup::Attention, Some(self.layer), kernel);
        let q = part(builder, "q", q_width);
        let widen = Projection {
            x: narrow.buffer,
            cols: low.rank,
            y: q.buffer,
            y_width: q_width,
            ..inward
        };
        widen.plan(builder, &[&self.q])?;
        Ok((q, latent))
    }

    fn plan_per_head(&self, builder: &mut PlanBuilder, p: &PerHead<'_>) -> Result<(), PlanError> {
        let kernel = kernels::matmul::Matmul {
            params: kernels::matmul::Params {
                rows: self.n_heads * p.rows,
                units: units(p.cols),
                x_stride: p.x.stride,
                y_stride: p.y.stride,
                scale: 1.0,
                head_rows: p.rows,
                x_head: p.x_head,
                y_head: p.y_head,
                ..Default::default()
            },
            cols: p.cols,
            format: p.weights.format,
            weights: builder.pack(&[p.weights])?,
            bias: None,
            x: p.x.buffer,
            y: p.y.buffer,
        };
        builder.step(StepGroup::Attention, Some(self.layer), kernel);
        Ok(())
    }

    /// Rotation and cache, then attention over latents: what each head collected of them.
    fn plan_attention(
        &self,
        builder: &mut PlanBuilder,
        q: Part,
        latent: Part,
        absorbed: Part,
    ) -> Result<Part, PlanError> {
        let (layer, kv) = (Some(self.layer), builder.options().kv);
        let (latents, cache_rows) = builder.latents(self.layer, self.d_key());
        let rotate = kernels::latent_rope::LatentRope {
            params: kernels::latent_rope::Params {
                n_heads: self.n_heads,
                d_latent: self.d_latent,
                d_nope: self.d_nope,
                n_rot: self.rope.n_rot,
                q_stride: q.stride,
                kv_stride: latent.stride,
                kv_offset: latent.offset,
                out_stride: absorbed.stride,
                eps: self.eps,
                cache_rows,
                ..Default::default()
            },
            kv,
            q: q.buffer,
            latent: latent.buffer,
            norm: builder.vector(&self.latent_norm)?,
            rope: builder.rope(self.rope),
            out: absorbed.buffer,
            latents,
        };
        builder.step(StepGroup::Attention, layer, rotate);
        let collected = part(builder, "collected", self.n_heads * self.d_latent);
        let attend = kernels::attention::Attention {
            params: kernels::attention::Params {
                n_heads: self.n_heads,
                n_kv_heads: 1,
                head_dim: self.d_key(),
                q_stride: absorbed.stride,
                out_stride: collected.stride,
                scale: self.scale,
                value_dim: self.d_latent,
                value_stride: self.d_key(),
                cache_rows,
                part_stride: part_stride(self.d_latent),
                ..Default::default()
            },
            kv,
            q: absorbed.buffer,
            keys: latents,
            values: latents,
            sinks: None,
            out: collected.buffer,
            parts: super::attention_parts(builder, self.n_heads, self.d_latent),
        };
        builder.attention(layer, attend);
        Ok(collected)
    }

    fn check(&self) -> Result<(), PlanError> {
        let sizes = [
            ("the size of a latent and its key", self.d_key(), MAX_HEAD_DIM),
            ("the size of a latent", self.d_latent, MAX_VALUE_DIM),
        ];
        match sizes.into_iter().find(|(_, got, limit)| got > limit) {
            None => Ok(()),
            Some((what, got, limit)) => Err(PlanError::Beyond {
                name: self.kv_a.weight.name.clone(),
                what,
                got: got.into(),
                limit: limit.into(),
            }),
        }
    }
}

/// A whole buffer of `width` floats per token.
fn part(builder: &mut PlanBuilder, name: &str, width: u32) -> Part {
    Part {
        buffer: builder.activation(name, width),
        stride: stride(width),
        offset: 0,
    }
}
