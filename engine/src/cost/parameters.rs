//! Parameters, total and active: `P_act = P_on + L_m·k·p_x`, `P_tot = P_on + L_m·E·p_x + embedding`.
//!
//! The output head counts as active, an input embedding of its own does not: only a row of it is
//! read. With this convention gpt-oss comes out at the 20.9 and 3.6 billion its makers publish.

use super::kv::Cache;
use crate::arch::Spec;
use crate::blocks::Block;
use crate::blocks::dense_ffn::DenseFfn;
use crate::blocks::moe_ffn::MoeFfn;
use crate::blocks::norm::Norm;
use crate::blocks::projection::Linear;
use crate::gguf::TensorInfo;

/// What the formulas need to know of a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sizes {
    /// Parameters every token meets: attention, routers, shared experts, dense layers, head. P_on
    pub always: u64,
    /// An input embedding that is not also the head: held, but only a row of it is read.
    pub embedding: u64,
    pub moe_layers: u32,
    /// E; 0 for a dense model.
    pub n_experts: u32,
    /// k
    pub top_k: u32,
    /// Parameters of one expert. p_x
    pub per_expert: u64,
    /// What each layer keeps of earlier positions. (layers)
    pub caches: Vec<Cache>,
}

/// Bytes per weight, which experts and the rest need not share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WeightBytes {
    pub always: f64,
    pub experts: f64,
}

impl WeightBytes {
    /// All weights stored with so many bits.
    pub fn of_bits(bits: f64) -> Self {
        Self {
            always: bits / 8.0,
            experts: bits / 8.0,
        }
    }
}

impl Sizes {
    /// P_tot
    pub fn total(&self) -> u64 {
        self.always + self.embedding + self.slots() * self.per_expert
    }

    /// P_act
    pub fn active(&self) -> u64 {
        self.always + u64::from(self.moe_layers) * u64::from(self.top_k) * self.per_expert
    }

    /// Experts of all layers together.
    pub fn slots(&self) -> u64 {
        u64::from(self.moe_layers) * u64::from(self.n_experts)
    }

    /// Bytes of all weights.
    pub fn held_bytes(&self, weights: WeightBytes) -> f64 {
        (self.always + self.embedding) as f64 * weights.always
            + (self.slots() * self.per_expert) as f64 * weights.experts
    }

    /// Bytes of weights one token alone meets.
    pub fn active_bytes(&self, weights: WeightBytes) -> f64 {
        let routed = (self.active() - self.always) as f64;
        self.always as f64 * weights.always + routed * weights.experts
    }

    /// Work of the weights for one token: a multiplication and an addition each.
    pub fn weight_flops(&self) -> f64 {
        2.0 * self.active() as f64
    }

    /// Counted from the tensors of a file.
    pub fn of(spec: &Spec) -> Self {
        Counted::of(spec).sizes
    }
}

/// Sizes of a file and how its weights are stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Counted {
    pub sizes: Sizes,
    pub weights: WeightBytes,
}

impl Counted {
    /// Counts a model's tensors by role.
    pub fn of(spec: &Spec) -> Self {
        let mut count = Count::default();
        spec.blocks.iter().for_each(|block| count.block(block));
        count.embedding(spec);
        let bytes_each = |bytes: u64, elements: u64| match elements {
            0 => 0.0,
            elements => bytes as f64 / elements as f64,
        };
        let routed = count.experts.elements;
        let held_always = count.always.elements + count.embedding.elements;
        let slots = u64::from(count.moe_layers) * u64::from(count.n_experts);
        Self {
            sizes: Sizes {
                always: count.always.elements,
                embedding: count.embedding.elements,
                moe_layers: count.moe_layers,
                n_experts: count.n_experts,
                top_k: count.top_k,
                per_expert: routed.checked_div(slots).unwrap_or_default(),
                caches: count.caches,
            },
            weights: WeightBytes {
                always: bytes_each(count.always.bytes + count.embedding.bytes, held_always),
                experts: bytes_each(count.experts.bytes, routed),
            },
        }
    }
}

/// Elements and bytes of some tensors.
#[derive(Default)]
struct Sum {
    elements: u64,
    bytes: u64,
}

impl Sum {
    fn add<'a>(&mut self, tensors: impl IntoIterator<Item = &'a TensorInfo>) {
        for tensor in tensors {
            self.elements += tensor.elements();
            self.bytes += tensor.bytes();
        }
    }
}

#[derive(Default)]
struct Count {
    always: Sum,
    experts: Sum,
    embedding: Sum,
    moe_layers: u32,
    n_experts: u32,
    top_k: u32,
    caches: Vec<Cache>,
}

impl Count {
    fn block(&mut self, block: &Block) {
        match block {
            Block::Embed(_) => {}
            Block::Attention(attention) => {
                self.norm(&attention.norm);
                attention.qkv.iter().for_each(|linear| self.linear(linear));
                self.linear(&attention.o);
                match &attention.qk_norm {
                    crate::blocks::attention::QkNorm::None => {}
                    crate::blocks::attention::QkNorm::PerHead(norms)
                    | crate::blocks::attention::QkNorm::Whole(norms) => self.always.add(norms),
                }
                self.always.add(&attention.sinks);
                self.caches.push(Cache::KeyValue {
                    n_heads: attention.n_heads,
                    n_kv_heads: attention.n_kv_heads,
                    head_dim: attention.head_dim,
                    window: attention.window,
                });
            }
            Block::LatentAttention(attention) => {
                self.norm(&attention.norm);
                self.linear(&attention.q);
                if let Some(low_rank) = &attention.q_low_rank {
                    self.linear(&low_rank.inward);
                    self.always.add([&low_rank.norm]);
                }
                self.linear(&attention.kv_a);
                self.always
                    .add([&attention.latent_norm, &attention.k_b, &attention.v_b]);
                self.linear(&attention.o);
                self.caches.push(Cache::Latent {
                    n_heads: attention.n_heads,
                    d_latent: attention.d_latent,
                    n_rot: attention.rope.n_rot,
                    d_head: attention.d_nope + attention.rope.n_rot + attention.d_value,
                });
            }
            Block::ShortConv(conv) => {
                self.norm(&conv.norm);
                self.linear(&conv.inward);
                self.always.add([&conv.kernel]);
                self.linear(&conv.outward);
                let elements = u64::from(conv.d_model) * u64::from(conv.taps.saturating_sub(1));
                self.caches.push(Cache::State { elements });
            }
            Block::DenseFfn(dense) => self.dense(dense),
            Block::MoeFfn(moe) => self.moe(moe),
            Block::Head(head) => {
                self.norm(&head.norm);
                self.always.add([&head.weights]);
                self.always.add(&head.bias);
            }
        }
    }

    fn moe(&mut self, moe: &MoeFfn) {
        self.norm(&moe.norm);
        self.always.add([&moe.router]);
        self.always.add(moe.router_bias.as_ref().map(|(_, bias)| bias));
        if let Some(shared) = &moe.shared {
            self.dense(shared);
        }
        self.experts.add([&moe.gate, &moe.up, &moe.down]);
        self.experts.add(moe.biases.iter().flatten());
        self.moe_layers += 1;
        self.n_experts = moe.n_experts;
        self.top_k = moe.top_k;
    }

    fn dense(&mut self, dense: &DenseFfn) {
        dense.norm.iter().for_each(|norm| self.norm(norm));
        [&dense.gate, &dense.up, &dense.down]
            .into_iter()
            .chain(&dense.own_gate)
            .for_each(|linear| self.linear(linear));
    }

    fn linear(&mut self, linear: &Linear) {
        self.always.add([&linear.weight]);
        self.always.add(&linear.bias);
    }

    fn norm(&mut self, norm: &Norm) {
        self.always.add([&norm.gains]);
        self.always.add(&norm.bias);
    }

    /// The input embedding, unless the head is the same tensor.
    fn embedding(&mut self, spec: &Spec) {
        let (Some(Block::Embed(embed)), Some(Block::Head(head))) = (spec.blocks.first(), spec.blocks.last())
        else {
            return;
        };
        if embed.weights.name != head.weights.name {
            self.embedding.add([&embed.weights]);
        }
    }
}
