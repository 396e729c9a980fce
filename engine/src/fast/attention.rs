//! Fast form of [`crate::cpu::attention`]. Keys and values are unpacked a block of positions at a time,
//! small enough to stay near the processor, for all queries that share them: first all scores, then the
//! softmax, then the values weighed. One token takes all heads at once, because the cache has those of a
//! position side by side; for several tokens, whose scores take more room, heads of keys take turns.

use std::ops::Range;

use super::exp::exp;
use super::room;
use super::simd::{LANES, Simd, Work, with_simd};
use super::unpack::unpack;
use crate::cpu::attention::Cache;
use crate::kernels::Batch;
use crate::kernels::attention::Params;
use crate::team::Seat;

/// Memory of the kernel.
#[derive(Debug, Default)]
pub struct Scratch {
    block: Vec<f32>,  // (BLOCK, head_dim or value_dim)
    scores: Vec<f32>, // (tokens, heads of a group, positions)
    own: Vec<f32>,    // (tokens, own heads, value_dim)
}

/// The same with a worker's place among others.
pub struct Memory<'a> {
    pub scratch: &'a mut Scratch,
    pub seat: &'a Seat,
    pub received: &'a mut Vec<f32>,
}

/// Floats unpacked at a time, if that is between 8 and 64 positions.
const BLOCK: usize = 8192;

/// As the twin.
pub fn attention(
    params: &Params,
    batch: Batch,
    q: &[f32],
    cache: &Cache<'_>,
    sinks: Option<&[f32]>,
    out: &mut [f32],
    memory: Memory<'_>,
) {
    let (heads, dim, n_tokens) = (
        params.n_heads as usize,
        params.value_dim as usize,
        batch.n_tokens as usize,
    );
    let Memory { seat, received, .. } = memory;
    let Scratch { block, scores, own } = memory.scratch;
    let own_heads = seat.own_heads(heads);
    let n_kv_heads = params.n_kv_heads as usize;
    let together = if n_tokens == 1 { n_kv_heads } else { 1 };
    for first in (0..n_kv_heads).step_by(together) {
        let kv_heads = first..first + together;
        let Some(group) = Group::new(params, batch, cache, kv_heads, &own_heads) else {
            continue;
        };
        with_simd(Attend {
            scores: room(scores, group.n_queries() * group.n_positions),
            group,
            q,
            sinks,
            out,
            block,
        });
    }
    if own_heads.len() == heads {
        return;
    }
    let row = |token: usize, heads: &Range<usize>| {
        let first = token * params.out_stride as usize;
        first + heads.start * dim..first + heads.end * dim
    };
    own.clear();
    (0..n_tokens).for_each(|token| own.extend(&out[row(token, &own_heads)]));
    seat.gather_heads((heads, dim), n_tokens, own, received, |heads, values| {
        for (token, values) in values.chunks_exact((heads.len() * dim).max(1)).enumerate() {
            out[row(token, &heads)].copy_from_slice(values);
        }
    });
}

/// One group's part of the work.
struct Attend<'a> {
    group: Group<'a>,
    q: &'a [f32],
    sinks: Option<&'a [f32]>,
    out: &'a mut [f32],
    scores: &'a mut [f32],
    block: &'a mut Vec<f32>,
}

impl Work for Attend<'_> {
    type Out = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self {
            group, scores, block, ..
        } = self;
        group.score(simd, self.q, scores, block);
        group.normalise(self.sinks, scores);
        group.weigh(simd, scores, self.out, block);
    }
}

/// The query heads of all tokens that share some heads of keys and values.
struct Group<'a> {
    params: &'a Params,
    batch: Batch,
    cache: &'a Cache<'a>,
    /// Those of this worker.
    heads: Range<usize>,
    kv_heads: Range<usize>,
    /// The oldest position any of the tokens sees.
    first: usize,
    n_positions: usize,
}

/// One head of one token.
struct Query {
    token: usize,
    head: usize,
    /// Positions it sees, counted from the group's first.
    oldest: usize,
    end: usize,
}

impl<'a> Group<'a> {
    fn new(
        params: &'a Params,
        batch: Batch,
        cache: &'a Cache<'a>,
        kv_heads: Range<usize>,
        own: &Range<usize>,
    ) -> Option<Self> {
        let sharing = (params.n_heads / params.n_kv_heads) as usize;
        let heads = (kv_heads.start * sharing).max(own.start)..(kv_heads.end * sharing).min(own.end);
        if heads.is_empty() {
            return None;
        }
        let mut group = Self {
            params,
            batch,
            cache,
            kv_heads: heads.start / sharing..heads.end.div_ceil(sharing),
            heads,
            first: 0,
            n_positions: (batch.start + batch.n_tokens) as usize,
        };
        group.first = group.oldest_seen(0);
        group.n_positions -= group.first;
        Some(group)
    }

    /// Positions unpacked at a time, with `dim` floats for each head: whole fours, so that a token's values
    /// are added in the same order whatever comes with it.
    fn block(&self, dim: usize) -> usize {
        (BLOCK / (self.kv_heads.len() * dim)).clamp(8, 64) / 4 * 4
    }

    /// Where a query's head has its keys or values in a block's rows.
    fn place(&self, query: &Query, dim: usize) -> usize {
        let sharing = (self.params.n_heads / self.params.n_kv_heads) as usize;
        (query.head / sharing - self.kv_heads.start) * dim
    }

    fn n_queries(&self) -> usize {
        self.batch.n_tokens as usize * self.heads.len()
    }

    /// The first position that a token sees.
    fn oldest_seen(&self, token: usize) -> usize {
        let end = self.batch.start as usize + token + 1;
        match self.params.window as usize {
            0 => 0,
            window => end.saturating_sub(window),
        }
    }

    fn query(&self, number: usize) -> Query {
        let (token, head) = (number / self.heads.len(), number % self.heads.len());
        let end = self.batch.start as usize + token + 1;
        let oldest = self.oldest_seen(token);
        Query {
            token,
            head: self.heads.start + head,
            oldest: oldest - self.first,
            end: end - self.first,
        }
    }

    /// `q · k · scale` of every query and position it sees.
    #[inline(always)]
    fn score<S: Simd>(&self, simd: S, q: &[f32], scores: &mut [f32], block: &mut Vec<f32>) {
        let dim = self.params.head_dim as usize;
        let (step, row) = (self.block(dim), self.kv_heads.len() * dim);
        let keys = room(block, step * row);
        for from in (0..self.n_positions).step_by(step) {
            self.unpack(simd, self.cache.keys, (dim, dim), from, keys);
            for (number, scores) in scores.chunks_exact_mut(self.n_positions).enumerate() {
                let query = self.query(number);
                let q = &q[query.token * self.params.q_stride as usize + query.head * dim..][..dim];
                let place = self.place(&query, dim);
                for at in from.max(query.oldest)..(from + step).min(query.end) {
                    let key = &keys[(at - from) * row + place..][..dim];
                    scores[at] = dot(simd, q, key) * self.params.scale;
                }
            }
        }
    }

    /// Scores become shares. A sink is one more logit, whose share goes nowhere.
    #[inline(always)]
    fn normalise(&self, sinks: Option<&[f32]>, scores: &mut [f32]) {
        for (number, scores) in scores.chunks_exact_mut(self.n_positions).enumerate() {
            let query = self.query(number);
            let sink = sinks.map(|sinks| sinks[query.head]);
            let seen = &mut scores[query.oldest..query.end];
            let highest = seen.iter().copied().chain(sink).fold(f32::NEG_INFINITY, f32::max);
            seen.iter_mut().for_each(|score| *score = exp(*score - highest));
            let total = seen.iter().sum::<f32>() + sink.map_or(0.0, |sink| exp(sink - highest));
            seen.iter_mut().for_each(|share| *share /= total);
        }
    }

    /// `Σ share · v`
    #[inline(always)]
    fn weigh<S: Simd>(&self, simd: S, shares: &[f32], out: &mut [f32], block: &mut Vec<f32>) {
        let (dim, stride) = (self.params.value_dim as usize, self.params.value_stride as usize);
        let (step, row) = (self.block(dim), self.kv_heads.len() * dim);
        let values = room(block, step * row);
        for from in (0..self.n_positions).step_by(step) {
            self.unpack(simd, self.cache.values, (stride, dim), from, values);
            for (number, shares) in shares.chunks_exact(self.n_positions).enumerate() {
                let query = self.query(number);
                let at = query.token * self.params.out_stride as usize + query.head * dim;
                let out = &mut out[at..at + dim];
                if from == 0 {
                    out.fill(0.0);
                }
                let seen = from.max(query.oldest)..(from + step).min(query.end);
                if seen.is_empty() {
                    continue;
                }
                let values = &values[(seen.start - from) * row + self.place(&query, dim)..];
                add_weighed(simd, &shares[seen], values, row, out);
            }
        }
    }

    /// A block of positions as floats, of which a row keeps `dim` of `stride`.
    #[inline(always)]
    fn unpack<S: Simd>(
        &self,
        simd: S,
        packed: &[u32],
        (stride, dim): (usize, usize),
        from: usize,
        out: &mut [f32],
    ) {
        let (heads, step) = (self.kv_heads.len(), self.block(dim));
        let rows = out.chunks_exact_mut(heads * dim);
        for (index, out) in (from..self.n_positions.min(from + step)).zip(rows) {
            let row = (self.first + index) % self.params.cache_rows as usize;
            let at = (row * self.params.n_kv_heads as usize + self.kv_heads.start) * stride;
            // Where nothing lies between heads, all of them in one go.
            let in_one_go = if stride == dim { heads * dim } else { dim };
            for (head, out) in out.chunks_exact_mut(in_one_go).enumerate() {
                unpack(simd, self.cache.kv, packed, at + head * stride, out);
            }
        }
    }
}

/// Σ a·b in eight interleaved sums, which are added two and two.
#[inline(always)]
fn dot<S: Simd>(simd: S, a: &[f32], b: &[f32]) -> f32 {
    let (a_eights, a_rest) = a.as_chunks::<LANES>();
    let (b_eights, b_rest) = b.as_chunks::<LANES>();
    let mut sums = simd.splat_float(0.0);
    for (a, b) in a_eights.iter().zip(b_eights) {
        sums = simd.add(sums, simd.multiply(simd.load_floats(a), simd.load_floats(b)));
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    let [s, t, u, v, w, x, y, z] = simd.store(sums);
    ((s + t) + (u + v)) + ((w + x) + (y + z)) + rest
}

/// `out += Σ share · value`, four values at a time, which begin `row` apart.
#[inline(always)]
fn add_weighed<S: Simd>(simd: S, shares: &[f32], values: &[f32], row: usize, out: &mut [f32]) {
    let dim = out.len();
    let value = |at: usize| &values[at * row..][..dim];
    let (fours, rest) = shares.as_chunks::<4>();
    for (at, shares) in fours.iter().enumerate() {
        let [a, b, c, d] = shares.map(|share| simd.splat_float(share));
        let [v, w, x, y] = [0, 1, 2, 3].map(|i| value(4 * at + i));
        let eights = [v, w, x, y].map(|value| value.as_chunks::<LANES>().0);
        let (out_eights, out_rest) = out.as_chunks_mut::<LANES>();
        for (i, out) in out_eights.iter_mut().enumerate() {
            let [v, w, x, y] = eights.map(|eights| simd.load_floats(&eights[i]));
            let first = simd.add(simd.multiply(a, v), simd.multiply(b, w));
            let second = simd.add(simd.multiply(c, x), simd.multiply(d, y));
            *out = simd.store(simd.add(simd.load_floats(out), simd.add(first, second)));
        }
        let from = dim - out_rest.len();
        let [a, b, c, d] = *shares;
        for (i, out) in (from..).zip(out_rest) {
            *out += (a * v[i] + b * w[i]) + (c * x[i] + d * y[i]);
        }
    }
    for (share, at) in rest.iter().zip(4 * fours.len()..) {
        let terms = out.iter_mut().zip(value(at));
        terms.for_each(|(out, value)| *out += share * value);
    }
}
