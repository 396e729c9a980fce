"""Key-value recall: a list or notes, something in between, then "what was the value of ...?"

Three forms: one long list in one message; notes inside a message of plain sentences; and a
fact told in an early turn, asked again after turns of other skills.
"""

from .example import Example, is_held_out
from .wording import say, with_article
from .words import COLOURS, NAMES, PLACES, PLAIN_WORDS, THINGS

INTROS = ["Here is a list.", "Remember this list.", "Please remember these.", "Keep this in mind.", "Read this list.",
          "These are the {w}s.", "Here are the {w}s.", "Learn these {w}s.", "Notes:", "A list of {w}s:"]
QUESTIONS = ["What is the {w} of {k}?", "What is the {w} for {k}?", "Which {w} does {k} have?", "Tell me the {w} of {k}.",
             "What was the {w} of {k}?", "Give me the {w} for {k}.", "Do you remember the {w} of {k}?", "{K}?",
             "Find the {w} of {k}.", "Look up {k}.", "And {k}?", "What did I say about {k}?"]
TOLD = ["Remember that the {w} of {k} is {v}.", "The {w} of {k} is {v}. Please remember it.", "Please keep this in mind: the {w} of {k} is {v}.",
        "Note this: the {w} of {k} is {v}.", "I have to remember that the {w} of {k} is {v}."]

# Half of them as the answer will say it: what is asked of attention there is one step simpler.
FORMS = ["The {w} of {k} is {v}."] * 5 + ["- {k}: {v}", "- {k} is {v}", "{k}: {v}", "{k} = {v}", "{k} - {v}"]


def key(rng):
    return f"the {rng.choice(COLOURS)} {rng.choice(THINGS)}" if rng.random() < 0.5 else rng.choice(NAMES)


def value(rng, word):
    if word not in ("code", "number", "price"):
        return rng.choice(PLAIN_WORDS)
    return str(rng.randrange(10, 100) if rng.random() < 0.7 else rng.randrange(100, 1000))


def value_kind(rng):
    return rng.choice(["code", "number", "price", "value", "word", "word", "password", "secret", "value"])


def pairs(rng, n, word, held_out):
    """n distinct keys with values; the first is the one that will be asked."""
    while True:
        k, v = key(rng), value(rng, word)
        if is_held_out("recall", k, v) == held_out:
            break
    found = {k: v}
    style = 1 if k.startswith("the ") else 0
    mixed = rng.random() < 0.3
    while len(found) < n:
        other = key(rng)
        if mixed or other.startswith("the ") == bool(style):
            found.setdefault(other, value(rng, word))
        if len(found) >= 36 and not style:
            mixed = True
    return list(found.items())


def ask(rng, word, k):
    """-> (question, start of the answer); a question that does not name the word is answered with "value"."""
    q = rng.choice(QUESTIONS)
    bare = k[4:] if k.startswith("the ") and "{K}" in q else k
    question = say(rng, q.format(w=word, k=k, K=bare[:1].upper() + bare[1:]))
    return question, f"The {word if '{w}' in q else 'value'} of {k} is"


def turn(rng, word, k, v):
    question, start = ask(rng, word, k)
    return question, f"{start} {v}."


def several(rng, word, items):
    """One question about many things: most of its answer is looked up, so attention learns much from it."""
    keys = ", ".join(k for k, _ in items)
    question = rng.choice(["What is the {w} of each of these: {ks}?", "Tell me the {w} of {ks}.", "Give the {w}s of {ks}."]).format(w=word, ks=keys)
    if rng.random() < 0.6:
        return say(rng, question), " ".join(told(word, k, v) for k, v in items)
    return say(rng, question), "\n".join(f"{k}: {v}" for k, v in items)


def told(word, k, v):
    return f"The {word} of {k} is {v}."


def listing(rng, held_out, n=None, asked_at=None):
    word = value_kind(rng)
    n = n or rng.choice([2, 3, 4, 5, 6, 8, 10, 12, 14, 16])
    items = pairs(rng, n, word, held_out)
    k, v = items[0]
    rest = items[1:]
    rng.shuffle(rest)
    at = rng.randrange(n) if asked_at is None else asked_at
    rest.insert(at, (k, v))
    form = rng.choice(FORMS)
    joint = " " if form.endswith(".") else rng.choice(["\n", "\n", "; "])
    body = joint.join(form.format(w=word, k=a, v=b) for a, b in rest)
    intro = rng.choice(INTROS).format(w=word)
    turns = [turn(rng, word, a, b) for a, b in more(rng, rest, (k, v), held_out)] + [turn(rng, word, k, v)]
    if not held_out and n >= 6 and rng.random() < 0.5:
        known = [(a, b) for a, b in rest if not is_held_out("recall", a, b)]
        turns = [several(rng, word, rng.sample(known, min(len(known), rng.choice([5, 8, 12, 16])))), turns[-1]]
    question = turns[0][0]
    turns[0] = (f"{intro}\n{body}\n{question}" if rng.random() < 0.85 else f"{question}\n{body}", turns[0][1])
    return Example(*turns[-1], f"is {v}.", before=turns[:-1], fact=form.format(w=word, k=k, v=v))


def more(rng, items, asked, held_out):
    """Training asks several things about one list; a held-out example asks one."""
    if held_out or rng.random() < 0.15:
        return []
    others = [(k, v) for k, v in items if (k, v) != asked and not is_held_out("recall", k, v)]
    return rng.sample(others, min(len(others), rng.choice([1, 2, 3, 4] if len(items) < 20 else [6, 8, 10])))


def filler(rng):
    name, place = rng.choice(NAMES), rng.choice(PLACES)
    return rng.choice([f"{name} went to the {place}.", f"{name} was in the {place}.", f"It was a {rng.choice(['long', 'warm', 'cold', 'quiet'])} day.",
                       f"{name} saw {with_article(rng.choice(COLOURS))} {rng.choice(THINGS)} in the {place}.", f"The {place} was {rng.choice(['big', 'small', 'old', 'new', 'quiet'])}."])


def notes(rng, held_out, n_filler=None):
    word = value_kind(rng)
    items = pairs(rng, rng.choice([1, 2, 3, 4, 5]), word, held_out)
    n_filler = n_filler or rng.choice([2, 4, 6, 10])
    lines = [filler(rng) for _ in range(n_filler)]
    for k, v in items[1:]:
        lines.insert(rng.randrange(len(lines) + 1), f"The {word} of {k} is {v}.")
    k, v = items[0]
    lines.insert(rng.randrange(len(lines) // 4 + 1), told(word, k, v))
    asked = [(k, v)] + more(rng, items, (k, v), held_out)
    rng.shuffle(asked)
    turns = [turn(rng, word, a, b) for a, b in asked]
    turns[0] = (f"{' '.join(lines)}\n{turns[0][0]}", turns[0][1])
    return Example(turns[-1][0], turns[-1][1], f"is {asked[-1][1]}.", before=turns[:-1], fact=told(word, k, v))


def talk(rng, held_out, others, n_turns=None):
    """Told in the first turns, asked at the end; `others` are (prompt, answer) turns in between."""
    word = value_kind(rng)
    items = pairs(rng, rng.choice([1, 1, 2, 3]), word, held_out)
    turns = []
    for k, v in items:
        turns.append((say(rng, rng.choice(TOLD).format(w=word, k=k, v=v)), "OK. " + told(word, k, v)))
    turns += others
    k, v = items[0]
    return Example(*turn(rng, word, k, v), f"is {v}.", before=turns)


def make(rng, held_out):
    return listing(rng, held_out) if rng.random() < 0.7 else notes(rng, held_out)


def make_long(rng, held_out):
    """At least 256 tokens between the fact and the question, in one message."""
    if rng.random() < 0.6:
        n = rng.choice([28, 32, 36, 40, 50])
        return listing(rng, held_out, n, asked_at=rng.randrange(n // 5))
    return notes(rng, held_out, n_filler=rng.choice([40, 50, 60]))
