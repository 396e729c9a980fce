"""The model: a small Qwen3-MoE decoder in plain PyTorch, laid out for two CPU cores.

One step works on conversations of many lengths. They are sorted by length and cut into
groups; tokens of all groups lie end to end in one flat axis, so that every matrix
product sees the whole step, and only attention looks at groups:

    tokens  (n_tokens,)          n_tokens = sum over groups of rows * length
    x       (n_tokens, d_model)
    group   (start, rows, length): x[start : start + rows*length].view(rows, length, ...)

Same mathematics as llama.cpp's `qwen3moe`: RMSNorm, grouped-query attention with per-head
norm of q and k, NeoX rotary positions, softmax router over all experts, top-k weights
renormalised to one, SwiGLU experts, output matrix tied to the embedding.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass(frozen=True)
class Shape:
    n_vocab: int = 2560
    d_model: int = 192
    n_layers: int = 6
    n_heads: int = 6
    n_kv_heads: int = 2
    d_head: int = 32
    n_experts: int = 16
    top_k: int = 2
    d_expert: int = 128
    n_context: int = 1024
    rope_base: float = 1000000.0
    eps: float = 1e-6


class ExpertMlp(torch.autograd.Function):
    """out[t] = sum over the k chosen experts e of weight[t, e] * down_e(silu(gate_e x) * up_e x).

    (token, slot) pairs are sorted by expert, each expert multiplies one contiguous run;
    the backward pass is written out so that it, too, only gathers and multiplies.
    """

    @staticmethod
    def forward(ctx, x, weight, order, inverse, counts, w_gate_up, w_down):
        # x (n_tokens, d_model)  weight (n_tokens, top_k)  order, inverse (pairs,)
        # w_gate_up (n_experts, 2 * d_expert, d_model)  w_down (n_experts, d_model, d_expert)
        top_k, d_expert = weight.shape[1], w_down.shape[2]
        token = torch.div(order, top_k, rounding_mode="floor")  # (pairs,)
        xs = x.index_select(0, token)  # (pairs, d_model)
        gate_up = x.new_empty(len(order), 2 * d_expert)
        ys = torch.empty_like(xs)
        for e, (a, b) in enumerate(runs(counts)):
            torch.mm(xs[a:b], w_gate_up[e].t(), out=gate_up[a:b])
        gate, up = gate_up[:, :d_expert], gate_up[:, d_expert:]
        hidden = F.silu(gate) * up  # (pairs, d_expert)
        for e, (a, b) in enumerate(runs(counts)):
            torch.mm(hidden[a:b], w_down[e].t(), out=ys[a:b])
        per_token = ys.index_select(0, inverse).view(*weight.shape, -1)  # (n_tokens, top_k, d_model)
        ctx.save_for_backward(weight, order, inverse, token, xs, gate_up, hidden, per_token, w_gate_up, w_down)
        ctx.counts = counts
        return torch.bmm(weight.unsqueeze(1), per_token).squeeze(1)  # (n_tokens, d_model)

    @staticmethod
    def backward(ctx, d_out):
        weight, order, inverse, token, xs, gate_up, hidden, per_token, w_gate_up, w_down = ctx.saved_tensors
        d_expert = w_down.shape[2]
        d_weight = torch.bmm(per_token, d_out.unsqueeze(2)).squeeze(2)  # (n_tokens, top_k)
        d_ys = d_out.index_select(0, token) * weight.reshape(-1).index_select(0, order).unsqueeze(1)
        d_hidden = torch.empty_like(hidden)
        d_w_down, d_w_gate_up = torch.empty_like(w_down), torch.empty_like(w_gate_up)
        for e, (a, b) in enumerate(runs(ctx.counts)):
            torch.mm(d_ys[a:b], w_down[e], out=d_hidden[a:b])
            torch.mm(d_ys[a:b].t(), hidden[a:b], out=d_w_down[e])
        gate, up = gate_up[:, :d_expert], gate_up[:, d_expert:]
        sig = torch.sigmoid(gate)
        act = gate * sig
        d_gate_up = torch.empty_like(gate_up)
        torch.mul(d_hidden, act, out=d_gate_up[:, d_expert:])
        d_gate_up[:, :d_expert] = d_hidden.mul_(up) * (sig + act * (1 - sig))
        d_xs = torch.empty_like(xs)
        for e, (a, b) in enumerate(runs(ctx.counts)):
            torch.mm(d_gate_up[a:b], w_gate_up[e], out=d_xs[a:b])
            torch.mm(d_gate_up[a:b].t(), xs[a:b], out=d_w_gate_up[e])
        d_x = d_xs.index_select(0, inverse).view(per_token.shape).sum(1)  # (n_tokens, d_model)
        return d_x, d_weight, None, None, None, d_w_gate_up, d_w_down


def runs(counts):
    """[3, 2] -> (0, 3), (3, 5): the contiguous run of pairs of each expert."""
    start = 0
    for count in counts:
        yield start, start + count
        start += count


class RmsNorm(torch.autograd.Function):
    """y = x / sqrt(mean(x^2) + eps) * weight, over the last axis, with its gradient written out."""

    @staticmethod
    def forward(ctx, x, weight, eps):
        n = x.shape[-1]
        norm = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
        scale = torch.rsqrt(norm * norm / n + eps)  # (..., 1)
        y = x * scale
        ctx.save_for_backward(y, scale, weight)
        return y * weight

    @staticmethod
    def backward(ctx, d_out):
        y, scale, weight = ctx.saved_tensors
        n = y.shape[-1]
        prod = d_out * y
        d_weight = prod.reshape(-1, n).sum(0)
        dot = (prod @ weight.unsqueeze(1)) / n  # (..., 1)
        d_x = torch.addcmul(d_out * weight, y, dot, value=-1).mul_(scale)
        return d_x, d_weight, None


def rope(x, cos, sin):
    """NeoX rotary positions: halves (a, b) turn to (a cos - b sin, b cos + a sin)."""
    half = x.shape[-1] // 2
    turned = torch.cat((-x[..., half:], x[..., :half]), dim=-1)
    return torch.addcmul(x * cos, turned, sin)


class Layer(nn.Module):
    def __init__(self, s: Shape):
        super().__init__()
        self.s = s
        d, kv = s.d_model, s.n_kv_heads * s.d_head

        def matrix(*size):
            return nn.Parameter(torch.randn(*size) / math.sqrt(size[-1]))

        self.attn_norm = nn.Parameter(torch.ones(d))
        self.q_norm = nn.Parameter(torch.ones(s.d_head))
        self.k_norm = nn.Parameter(torch.ones(s.d_head))
        self.w_q = matrix(s.n_heads * s.d_head, d)
        self.w_k = matrix(kv, d)
        self.w_v = matrix(kv, d)
        self.w_o = nn.Parameter(torch.zeros(d, s.n_heads * s.d_head))
        self.ffn_norm = nn.Parameter(torch.ones(d))
        self.router = nn.Parameter(torch.randn(s.n_experts, d) * 0.02)
        self.w_gate_up = matrix(s.n_experts, 2 * s.d_expert, d)
        self.w_down = nn.Parameter(torch.zeros(s.n_experts, d, s.d_expert))

    def qkv(self, x, cos, sin):
        s = self.s
        h = RmsNorm.apply(x, self.attn_norm, s.eps)
        q = F.linear(h, self.w_q).view(-1, s.n_heads, s.d_head)
        k = F.linear(h, self.w_k).view(-1, s.n_kv_heads, s.d_head)
        v = F.linear(h, self.w_v).view(-1, s.n_kv_heads, s.d_head)
        q = rope(RmsNorm.apply(q, self.q_norm, s.eps), cos, sin)
        k = rope(RmsNorm.apply(k, self.k_norm, s.eps), cos, sin)
        return q, k, v  # (n_tokens, heads, d_head)

    def route(self, h):
        logits = F.linear(h, self.router)  # (n_tokens, n_experts)
        probs = torch.softmax(logits, -1)
        top, chosen = probs.topk(self.s.top_k, -1)  # (n_tokens, top_k)
        return logits, probs, top / top.sum(-1, keepdim=True), chosen

    def moe(self, x):
        h = RmsNorm.apply(x, self.ffn_norm, self.s.eps)
        logits, probs, weight, chosen = self.route(h)
        flat = chosen.reshape(-1)
        order = torch.argsort(flat, stable=True)
        inverse = torch.empty_like(order)
        inverse[order] = torch.arange(len(order))
        counts = torch.bincount(flat, minlength=self.s.n_experts)
        out = ExpertMlp.apply(h, weight, order, inverse, counts.tolist(), self.w_gate_up, self.w_down)
        return out, (logits, probs, chosen, counts)


EMBED_SCALE = 2.0  # larger than what one layer writes


class Model(nn.Module):
    def __init__(self, s: Shape):
        super().__init__()
        self.s = s
        self.embed = nn.Parameter(torch.randn(s.n_vocab, s.d_model) * EMBED_SCALE)
        self.layers = nn.ModuleList(Layer(s) for _ in range(s.n_layers))
        self.out_norm = nn.Parameter(torch.full((s.d_model,), 0.05 / EMBED_SCALE))  # logits of size one at first
        freq = s.rope_base ** (-torch.arange(0, s.d_head, 2).float() / s.d_head)
        angle = torch.outer(torch.arange(2 * s.n_context).float(), freq).repeat(1, 2)
        self.register_buffer("cos", angle.cos(), persistent=False)  # (position, d_head)
        self.register_buffer("sin", angle.sin(), persistent=False)

    def angles(self, positions):
        return self.cos[positions].unsqueeze(1), self.sin[positions].unsqueeze(1)  # (n_tokens, 1, d_head)

    def forward(self, tokens, groups):
        """tokens (n_tokens,), groups [(start, rows, length)] -> hidden (n_tokens, d_model), routing per layer"""
        positions = torch.cat([torch.arange(t).repeat(b) for _, b, t in groups])
        cos, sin = self.angles(positions)
        x = F.embedding(tokens, self.embed)
        routing = []
        repeat = self.s.n_heads // self.s.n_kv_heads
        for layer in self.layers:
            q, k, v = layer.qkv(x, cos, sin)
            mixed = []
            for start, b, t in groups:
                cut = slice(start, start + b * t)
                qs, ks, vs = (z[cut].view(b, t, -1, self.s.d_head).transpose(1, 2) for z in (q, k, v))
                ks, vs = ks.repeat_interleave(repeat, 1), vs.repeat_interleave(repeat, 1)
                y = F.scaled_dot_product_attention(qs, ks, vs, is_causal=True)
                mixed.append(y.transpose(1, 2).reshape(b * t, -1))
            x = x + F.linear(torch.cat(mixed), layer.w_o)
            out, stats = layer.moe(x)
            x = x + out
            routing.append(stats)
        return RmsNorm.apply(x, self.out_norm, self.s.eps), routing

    def logits(self, hidden):
        return F.linear(hidden, self.embed)

    @torch.no_grad()
    def generate(self, prompts, n_new, stop_id):
        """Greedy continuation of several prompts at once. prompts: lists of ids -> lists of new ids."""
        s, rows = self.s, len(prompts)
        lengths = torch.tensor([len(p) for p in prompts])
        longest = int(lengths.max())
        total = min(longest + n_new, 2 * s.n_context)
        keys = [torch.zeros(rows, s.n_kv_heads, total, s.d_head) for _ in self.layers]
        values = [torch.zeros_like(k) for k in keys]
        tokens = torch.zeros(rows, longest, dtype=torch.long)
        for r, p in enumerate(prompts):
            tokens[r, : len(p)] = torch.tensor(p)
        positions = torch.arange(longest).repeat(rows, 1)  # (rows, new)
        done = torch.zeros(rows, dtype=torch.bool)
        out = [[] for _ in prompts]
        owner = list(range(rows))  # whose answer each live row is
        row = torch.arange(rows)
        repeat = s.n_heads // s.n_kv_heads
        for step in range(n_new):
            new = tokens.shape[1]
            cos, sin = self.angles(positions.reshape(-1))
            x = F.embedding(tokens.reshape(-1), self.embed)
            live = torch.arange(total).view(1, 1, 1, -1) <= positions.view(rows, 1, new, 1)
            for i, layer in enumerate(self.layers):
                q, k, v = layer.qkv(x, cos, sin)
                at = (row.view(-1, 1).expand(rows, new), positions)
                keys[i].transpose(1, 2)[at] = k.view(rows, new, -1, s.d_head)
                values[i].transpose(1, 2)[at] = v.view(rows, new, -1, s.d_head)
                seen = longest + step if step else longest
                y = F.scaled_dot_product_attention(
                    q.view(rows, new, -1, s.d_head).transpose(1, 2),
                    keys[i][:, :, :seen].repeat_interleave(repeat, 1),
                    values[i][:, :, :seen].repeat_interleave(repeat, 1),
                    attn_mask=live[..., :seen],
                )
                x = x + F.linear(y.transpose(1, 2).reshape(rows * new, -1), layer.w_o)
                x = x + layer.moe(x)[0]
            x = x.view(rows, new, -1)
            last = x[row, lengths - 1] if step == 0 else x[:, -1]  # (rows, d_model)
            choice = self.logits(RmsNorm.apply(last, self.out_norm, s.eps)).argmax(-1)
            for r in range(rows):
                if not done[r]:
                    out[owner[r]].append(int(choice[r]))
            done |= choice == stop_id
            if bool(done.all()) or longest + step + 1 >= total:
                break
            if 2 * int(done.sum()) >= rows:  # drop finished rows, so that a long answer does not carry the short ones
                keep = (~done).nonzero().squeeze(1)
                keys, values = [k[keep] for k in keys], [v[keep] for v in values]
                owner, lengths, choice = [owner[i] for i in keep.tolist()], lengths[keep], choice[keep]
                rows, done = len(keep), done[keep]
                row = torch.arange(rows)
            tokens, positions = choice.view(-1, 1), (lengths + step).view(-1, 1)
        return out


def n_parameters(model):
    """(all, those that one token uses)"""
    s = model.s
    everything = sum(p.numel() for p in model.parameters())
    idle = s.n_layers * (s.n_experts - s.top_k) * 3 * s.d_model * s.d_expert
    return everything, everything - idle
