"""Greedy answers to held-out questions, scored per skill, at f32 and as shipped.

Prompts are decoded in batches of nearly equal length. Sets are drawn from (seed, set name),
so any other seed gives a fresh held-out sample of the same kind.
"""

import json
import pathlib
import random
import time

import torch

import corpus
import tokenizer as tokenizers_
from export import as_shipped
from model import Model, Shape
from skills import SKILLS, arithmetic, recall, tables
from skills.example import passes

TOOLS = ["arithmetic", "dates_units", "programs", "translation", "moe_facts"]


def two_digits(rng):
    return rng.randrange(10, 100)


def three_digits(rng):
    return rng.randrange(100, 1000)


def far_talk(rng, held_out):
    """A fact told in the first turn and asked after eight turns of other skills."""
    others = [SKILLS[s](rng, held_out) for s in rng.choices(TOOLS, k=8)]
    return recall.talk(rng, held_out, [(o.prompt, o.answer) for o in others])


SETS = {  # name -> how to draw one example
    "addition, two digits": lambda r: arithmetic.make(r, True, "add", two_digits),
    "subtraction, two digits": lambda r: arithmetic.make(r, True, "subtract", two_digits),
    "addition, three digits": lambda r: arithmetic.make(r, True, "add", three_digits),
    "subtraction, three digits": lambda r: arithmetic.make(r, True, "subtract", three_digits),
    "copying": lambda r: SKILLS["copying"](r, True),
    "multiplication by one digit": lambda r: arithmetic.make(r, True, "multiply"),
    "dates and units": lambda r: SKILLS["dates_units"](r, True),
    "recall, short lists and notes": lambda r: recall.make(r, True),
    "recall over 256 tokens or more": lambda r: recall.make_long(r, True),
    "recall across eight other turns": lambda r: far_talk(r, True),
    "stories": lambda r: SKILLS["story"](r, True),
    "story questions": lambda r: SKILLS["story_questions"](r, True),
    "CSV to JSON": lambda r: tables.make(r, True, "to_json"),
    "JSON to CSV": lambda r: tables.make(r, True, "to_csv"),
    "JSON and CSV, all kinds": lambda r: tables.make(r, True),
    "programs": lambda r: SKILLS["programs"](r, True),
    "translation": lambda r: SKILLS["translation"](r, True),
    "mixture-of-experts facts": lambda r: SKILLS["moe_facts"](r, True),
}
FAR = "recall over 256 tokens or more"
MAX_NEW = 160


def distance(encoder, example):
    """Tokens between the fact and the answer."""
    return len(encoder.ids(example.prompt[example.prompt.rindex(example.fact) + len(example.fact):]))


def draw(name, encoder, n, seed):
    rng, out = random.Random(f"{seed}/evaluate/{name}"), []
    while len(out) < n:
        example = SETS[name](rng)
        ids = encoder.prompt(example)
        if len(ids) + 64 > Shape.n_context or (name == FAR and distance(encoder, example) < 256):
            continue
        out.append((example, ids))
    return out


def answers(model, encoder, prompts, batch_tokens=20000):
    """Greedy texts for lists of ids."""
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    texts = [""] * len(prompts)
    while order:
        longest = len(prompts[order[-1]])
        n = max(1, batch_tokens // longest)
        batch, order = order[-n:], order[:-n]
        new = model.generate([prompts[i] for i in batch], MAX_NEW, encoder.end)
        for i, ids in zip(batch, new):
            texts[i] = encoder.tok.decode([t for t in ids if t != encoder.end])
    return texts


def score(model, encoder, n, seed, only=None, show=0):
    result = {}
    for name in SETS:
        if only and not any(o in name for o in only):
            continue
        drawn = draw(name, encoder, n, seed)
        texts = answers(model, encoder, [ids for _, ids in drawn])
        good = [passes(e.check, e.expect, t) for (e, _), t in zip(drawn, texts)]
        result[name] = sum(good) / n
        print(f"{name:36s} {sum(good):4d}/{n}", flush=True)
        for (e, _), t, g in zip(drawn, texts, good):
            if show > 0 and not g:
                show_prompt = e.prompt if len(e.prompt) < 300 else "..." + e.prompt[-200:]
                print(f"    asked {show_prompt!r}\n    said  {t!r}\n    want  {e.answer!r}")
                show -= 1
        show = show if show <= 0 else max(show, 2)
    return result


def load(build):
    build = pathlib.Path(build)
    state = torch.load(build / "checkpoint.pt", weights_only=False)
    encoder = corpus.Encoder(tokenizers_.load(build / "tokenizer.json"), SKILLS)
    shape = Shape(n_vocab=state["model"]["embed"].shape[0])
    return state, encoder, shape


def model_of(state, shape):
    model = Model(shape)
    model.load_state_dict(state)
    return model.eval()


@torch.no_grad()
def routing(model, encoder, n, seed):
    """Share of selections per skill, layer and expert on held-out conversations -> {skill: (n_layers, n_experts)}"""
    out = {}
    for name in SKILLS:
        rng, counts = random.Random(f"{seed}/routing/{name}"), 0
        for _ in range(n):
            ids, _, _ = encoder.encode(None, [(name, SKILLS[name](rng, True))])
            ids = ids[: Shape.n_context]
            _, stats = model(torch.tensor(ids), [(0, 1, len(ids))])
            counts = counts + torch.stack([s[3] for s in stats]).double()
        out[name] = counts / counts.sum(1, keepdim=True)
    return out


def divergence(shares):
    """Jensen-Shannon divergence in bits of several distributions: stack (n, n_experts) -> scalar, 0 = all alike."""
    def entropy(p):
        return -(p * (p + 1e-12).log2()).sum(-1)

    return float(entropy(shares.mean(0)) - entropy(shares).mean())


def run(build, n=100, seed=1):
    torch.set_num_threads(2)
    state, encoder, shape = load(build)
    report = {"step": state["step"], "tokens": state["n_tokens"], "seconds": state["seconds"], "n": n, "seed": seed}
    print("as shipped (Q8_0)")
    shipped = model_of(as_shipped(state["model"], shape), shape)
    report["shipped"] = score(shipped, encoder, n, seed)
    print("f32")
    report["f32"] = score(model_of(state["model"], shape), encoder, n, seed)
    shares = routing(shipped, encoder, 40, seed)
    every = torch.stack(list(shares.values()))  # (skills, n_layers, n_experts)
    report["load"] = (every.mean(0) * shape.n_experts).tolist()  # 1 = an even share
    report["divergence_bits"] = [divergence(every[:, i]) for i in range(shape.n_layers)]
    report["routing"] = {k: v.tolist() for k, v in shares.items()}
    pathlib.Path(build, "report.json").write_text(json.dumps(report, indent=1))
    print(json.dumps({k: report[k] for k in ("divergence_bits",)}))


if __name__ == "__main__":  # a quick look while training runs
    import argparse

    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--build", default="target/demo-model")
    p.add_argument("-n", type=int, default=40)
    p.add_argument("--seed", type=int, default=7)
    p.add_argument("--show", type=int, default=6)
    p.add_argument("--only", nargs="*")
    a = p.parse_args()
    torch.set_num_threads(1)
    started = time.time()
    state, encoder, shape = load(a.build)
    print("step", state["step"], "tokens", state["n_tokens"])
    score(model_of(as_shipped(state["model"], shape), shape), encoder, a.n, a.seed, a.only, a.show)
    print(round(time.time() - started), "s")
