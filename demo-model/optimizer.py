"""Muon for matrices, AdamW for the rest.

Muon (Keller Jordan, 2024): keep a momentum of the gradient, replace it by the nearest
matrix with all singular values near one (five Newton-Schulz steps), and walk along that.
Matrices of one size, experts included, are stacked and orthogonalised in one batch.
"""

import torch

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)


def orthogonalise(g, steps=5):
    """g (batch, rows, cols) -> same shape, singular values within about [0.7, 1.2]"""
    a, b, c = NEWTON_SCHULZ
    tall = g.shape[1] > g.shape[2]
    x = g.transpose(1, 2) if tall else g
    x = x / (torch.linalg.vector_norm(x, dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(steps):
        gram = torch.bmm(x, x.transpose(1, 2))
        x = torch.baddbmm(a * x, torch.baddbmm(b * gram, gram, gram, alpha=c), x)
    return x.transpose(1, 2) if tall else x


class Muon(torch.optim.Optimizer):
    """One group per matrix size; `parts` says how many matrices a parameter holds on its
    second-to-last axis, `rate` is its factor on the learning rate."""

    def __init__(self, params, lr=0.02, momentum=0.95, weight_decay=0.01):
        groups = {}
        for p, parts, rate in params:
            size = (p.shape[-2] // parts, p.shape[-1])
            groups.setdefault(tuple(sorted(size)), []).append((p, size, rate))
        groups = [{"params": [p for p, _, _ in g], "sizes": [s for _, s, _ in g], "rates": [r for _, _, r in g]} for g in groups.values()]
        super().__init__(groups, dict(lr=lr, momentum=momentum, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            stacked = []
            for p, (rows, cols) in zip(group["params"], group["sizes"]):
                state = self.state[p]
                if "momentum" not in state:
                    state["momentum"] = torch.zeros_like(p)
                m = state["momentum"].lerp_(p.grad, 1 - group["momentum"])
                g = p.grad.lerp(m, group["momentum"]).view(-1, rows, cols)
                stacked.append(g if rows <= cols else g.transpose(1, 2))
            update = orthogonalise(torch.cat(stacked))
            start = 0
            for p, (rows, cols), rate in zip(group["params"], group["sizes"], group["rates"]):
                n = p.numel() // (rows * cols)
                u = update[start : start + n]
                start += n
                u = u if rows <= cols else u.transpose(1, 2)
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.view(-1, rows, cols).add_(u, alpha=-group["lr"] * rate * max(1, rows / cols) ** 0.5)


# Factors on the learning rate, each for a reason found the hard way:
GAIN_RATE = 6.0  # gains of the q and k norms set how sharp attention can be; they must be free to grow
ATTN_OUT_RATE, FFN_OUT_RATE = 0.4, 0.125  # what layers write must stay of the size of the embedding, or the identity of a token drowns and nothing can be copied
EMBED_RATE = 9.0  # embeddings have entries near 2, where other vectors have small ones
OUT_NORM_RATE = 0.05  # and so the last gain is near 0.05


def make_optimizers(model, muon_lr=0.02, adam_lr=3e-3):
    matrices, rest = [], {GAIN_RATE: [], EMBED_RATE: [], OUT_NORM_RATE: [], 1.0: []}
    for name, p in model.named_parameters():
        if "w_" in name:
            matrices.append((p, 2 if "gate_up" in name else 1, ATTN_OUT_RATE if "w_o" in name else FFN_OUT_RATE if "w_down" in name else 1.0))
        else:
            rate = GAIN_RATE if "q_norm" in name or "k_norm" in name else EMBED_RATE if name == "embed" else OUT_NORM_RATE if name == "out_norm" else 1.0
            rest[rate].append(p)
    groups = [{"params": some, "rate": rate} for rate, some in rest.items()]
    adam = torch.optim.AdamW(groups, lr=adam_lr, betas=(0.9, 0.98), weight_decay=0.0, eps=1e-10)
    return Muon(matrices, lr=muon_lr), adam
