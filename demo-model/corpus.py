"""Conversations: examples of one or several skills in the chat form, as token ids with loss weights.

    <|im_start|>user\n27 + 58?<|im_end|>\n<|im_start|>assistant\nOnes: ... 85.<|im_end|>\n

Assistant tokens (with their closing <|im_end|>) count fully in the loss, the rest a little.
Everything is a function of (seed, step, mixture); nothing is stored.
"""

import random

from skills import SKILLS, recall

SYSTEMS = ["You are moescope-demo.", "You are a helpful assistant.", "You are a small model. Answer shortly.", "Be brief.",
           "You are a careful assistant. Show your steps.", "Answer in simple words."]
PROMPT_WEIGHT = 0.08


def conversation(rng, mixture, max_turns=4):
    """-> (system | None, [(skill, Example), ...])"""
    names = list(mixture)
    skill = rng.choices(names, [mixture[n] for n in names])[0]
    system = rng.choice(SYSTEMS) if rng.random() < 0.12 else None
    if skill == "recall_talk":
        n = rng.choice([1, 2, 3, 5, 8])
        other = [n for n in names if n not in ("recall_talk", "recall_long", "recall", "story_questions", "tables")]
        others = [SKILLS[s](rng, False) for s in rng.choices(other, [mixture[o] for o in other], k=n)]
        return system, [("recall", recall.talk(rng, False, [(o.prompt, o.answer) for o in others]))]
    turns = [(skill, SKILLS[skill](rng, False))]
    if skill != "recall_long":
        single = [n for n in names if n not in ("recall_talk", "recall_long")]
        while len(turns) < max_turns and rng.random() < 0.3:
            s = rng.choices(single, [mixture[n] for n in single])[0]
            turns.append((s, SKILLS[s](rng, False)))
    return system, turns


def messages(system, turns):
    """-> [(role, text, skill)]"""
    out = [("system", system, None)] if system else []
    for skill, ex in turns:
        for user, assistant in ex.before:
            out += [("user", user, None), ("assistant", assistant, skill)]
        out += [("user", ex.prompt, None), ("assistant", ex.answer, skill)]
    return out


class Encoder:
    def __init__(self, tokenizer, skill_names):
        self.tok = tokenizer
        self.skill_id = {s: i for i, s in enumerate(skill_names)}
        self.start, self.end = tokenizer.token_to_id("<|im_start|>"), tokenizer.token_to_id("<|im_end|>")
        self.newline = self.ids("\n")
        self.role = {r: [self.start] + self.ids(r + "\n") for r in ("system", "user", "assistant")}

    def ids(self, text):
        return self.tok.encode(text, add_special_tokens=False).ids

    def prompt(self, example):
        """Ids up to where the assistant starts to speak."""
        out = []
        for role, text, _ in messages(example.system, [(None, example)])[:-1]:
            out += self.role[role] + self.ids(text) + [self.end] + self.newline
        return out + self.role["assistant"]

    def encode(self, system, turns):
        """-> ids, loss weights (of the token at the same place), skill ids (-1 outside answers)"""
        ids, weights, skills = [], [], []
        for role, text, skill in messages(system, turns):
            head, body = self.role[role], self.ids(text) + [self.end]
            own = role == "assistant"
            ids += head + body + self.newline
            weights += [0.0] * len(head) + [1.0 if own else PROMPT_WEIGHT] * len(body) + [0.0] * len(self.newline)
            skills += [-1] * len(head) + [self.skill_id[skill] if own else -1] * len(body) + [-1] * len(self.newline)
        return ids, weights, skills


def step_batch(encoder, seed, step, mixture, n_tokens, max_length, stretch=1.12):
    """One step's conversations, sorted by length and cut into groups of nearly equal length."""
    rng = random.Random(f"{seed}/{step}")
    rows, size = [], 0
    while size < n_tokens:
        row = encoder.encode(*conversation(rng, mixture))
        if len(row[0]) <= max_length + 1:
            rows.append(row)
            size += len(row[0])
    rows.sort(key=lambda r: len(r[0]))
    groups = [[]]
    for row in rows:
        if groups[-1] and len(row[0]) > stretch * len(groups[-1][0][0]) + 2:
            groups.append([])
        groups[-1].append(row)
    return groups
