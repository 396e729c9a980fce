"""Training: Muon + AdamW, wall-clock learning-rate schedule, checkpoints, resume.

The rate rises over the first steps, stays, and falls to zero over the last quarter of the
time budget. The end time lives in `control.json` of the build folder and may be moved while
the run goes on, as may the mixture file; so an early end still gives an annealed model.
Every mixture in force is written to the log with the step from which it held.
"""

import json
import math
import os
import pathlib
import signal
import time

import torch
import torch.nn.functional as F

import corpus
import tokenizer as tokenizers_
from model import Model, Shape, n_parameters
from optimizer import make_optimizers
from skills import SKILLS

BALANCE, Z_LOSS = 0.01, 1e-4
TOKENS_PER_STEP = 7000
WARM_UP_STEPS = 40
DECAY_SHARE = 0.2


def read_mixture(path, step):
    """The last entry whose from_step has been reached -> (max_length, weights)"""
    entries = [e for e in json.loads(pathlib.Path(path).read_text()) if e["from_step"] <= step]
    return entries[-1]["max_length"], entries[-1]["weights"]


def rate(step, now, start, end):
    decay_from = end - DECAY_SHARE * (end - start)
    fall = 1.0 if now < decay_from else max(0.0, (end - now) / (end - decay_from))
    return min(1.0, (step + 1) / WARM_UP_STEPS) * fall


def flatten(groups):
    """Groups of rows -> tokens, targets, loss weights, skill ids on one flat axis, and the group list."""
    tokens, targets, weights, skills, shape = [], [], [], [], []
    for rows in groups:
        length = max(len(r[0]) for r in rows) - 1
        shape.append((len(tokens), len(rows), length))
        for ids, w, s in rows:
            pad = length - (len(ids) - 1)
            tokens += ids[:-1] + [0] * pad
            targets += ids[1:] + [0] * pad
            weights += w[1:] + [0.0] * pad
            skills += s[1:] + [-1] * pad
    return torch.tensor(tokens), torch.tensor(targets), torch.tensor(weights), torch.tensor(skills), shape


def losses(model, batch):
    """-> loss to minimise, weighted token loss, per-token loss, load (n_layers, n_experts)"""
    tokens, targets, weights, _, shape = batch
    hidden, routing = model(tokens, shape)
    live = (weights > 0).nonzero().squeeze(1)  # only these reach the head
    per_token = F.cross_entropy(model.logits(hidden.index_select(0, live)), targets[live], reduction="none")
    loss = (per_token * weights[live]).sum() / weights[live].sum()
    extra = 0.0
    for logits, probs, _, counts in routing:
        share = counts.float() / counts.sum()
        extra = extra + BALANCE * len(share) * (probs.mean(0) * share).sum()
        extra = extra + Z_LOSS * torch.logsumexp(logits, -1).square().mean()
    load = torch.stack([r[3].float() / r[3].sum() for r in routing])
    return loss + extra, loss.detach(), per_token.detach(), live, load


def save(path, **state):
    torch.save(state, f"{path}.new")
    os.replace(f"{path}.new", path)


def run(build, mixture_path, seed, minutes, threads, n_vocab=2560):
    build = pathlib.Path(build)
    build.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    tok_path, ckpt, control = build / "tokenizer.json", build / "checkpoint.pt", build / "control.json"
    if not tok_path.exists():
        tokenizers_.train(tok_path, seed, read_mixture(mixture_path, 0)[1], n_vocab)
    encoder = corpus.Encoder(tokenizers_.load(tok_path), SKILLS)
    model = Model(Shape(n_vocab=n_vocab))
    muon, adam = make_optimizers(model)
    step = n_seen = 0
    spent = 0.0
    if ckpt.exists():
        old = torch.load(ckpt, weights_only=False)
        model.load_state_dict(old["model"])
        if "muon" in old:  # absent after `make.py resume`
            muon.load_state_dict(old["muon"]), adam.load_state_dict(old["adam"])
        step, n_seen, spent = old["step"], old["n_tokens"], old["seconds"]
    start = time.time() - spent
    if not control.exists():
        control.write_text(json.dumps({"start": start, "end": start + 60 * minutes, "muon_lr": 0.006, "adam_lr": 1.5e-3, "tokens_per_step": TOKENS_PER_STEP}))
    print("parameters (all, active)", n_parameters(model), "from step", step, flush=True)
    sums = {s: [0.0, 0] for s in SKILLS}
    load_sum, since, t_log, t_save, names = 0.0, 0, time.time(), time.time(), list(SKILLS)
    log = open(build / "log.jsonl", "a")
    weights_before = None
    stop = []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(True))  # end the step, save, leave
    while not stop:
        ctl = json.loads(control.read_text())
        if time.time() >= ctl["end"]:
            break
        max_length, weights = read_mixture(mixture_path, step)
        if weights != weights_before:
            log.write(json.dumps({"step": step, "max_length": max_length, "mixture": weights}) + "\n")
            weights_before = weights
        groups = corpus.step_batch(encoder, seed, step, weights, ctl.get("tokens_per_step", TOKENS_PER_STEP), max_length)
        batch, n_real = flatten(groups), sum(len(r[0]) for g in groups for r in g)
        scale = rate(step, time.time(), ctl["start"], ctl["end"])
        for opt, lr in ((muon, ctl["muon_lr"]), (adam, ctl["adam_lr"])):
            for g in opt.param_groups:
                g["lr"] = lr * scale * g.get("rate", 1.0)
        for g in muon.param_groups:
            g["momentum"] = 0.85 + 0.10 * min(1.0, step / 200)
        total, loss, per_token, live, load = losses(model, batch)
        total.backward()
        if math.isfinite(float(loss)):
            muon.step(), adam.step()
        else:
            print("skipped a step: loss", float(loss), flush=True)
        model.zero_grad(set_to_none=True)
        step, n_seen, since = step + 1, n_seen + n_real, since + n_real
        ids = batch[3][live]
        for i, name in enumerate(names):
            mine = per_token[ids == i]
            sums[name][0] += float(mine.sum())
            sums[name][1] += len(mine)
        load_sum = load_sum + load
        if step % 10 == 0:
            now = time.time()
            load_mean = load_sum / 10
            line = {"step": step, "tokens": n_seen, "seconds": round(now - start), "lr": round(scale, 3), "loss": round(float(loss), 3),
                    "tok_s": round(since / (now - t_log)), "skills": {n: round(a / max(1, b), 3) for n, (a, b) in sums.items()},
                    "load_min": round(float(load_mean.min()) * load_mean.shape[1], 2), "load_max": round(float(load_mean.max()) * load_mean.shape[1], 2)}
            log.write(json.dumps(line) + "\n"), log.flush()
            print(json.dumps(line), flush=True)
            sums, load_sum, since, t_log = {s: [0.0, 0] for s in SKILLS}, 0.0, 0, now
        if time.time() - t_save > 240:
            save(ckpt, model=model.state_dict(), muon=muon.state_dict(), adam=adam.state_dict(), step=step, n_tokens=n_seen, seconds=time.time() - start)
            t_save = time.time()
    save(ckpt, model=model.state_dict(), muon=muon.state_dict(), adam=adam.state_dict(), step=step, n_tokens=n_seen, seconds=time.time() - start)
    print("done at step", step, flush=True)
