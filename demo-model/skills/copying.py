"""Repeating what was said, or one part of it: the simplest use of attention, and the root of recall."""

from .example import Example, is_held_out
from .wording import pick
from .words import CITIES, COLOURS, NAMES, PLACES, PLAIN_WORDS, THINGS

REPEAT = ["Repeat: {x}", "Repeat this: {x}", "Say {x}", "Write this again: {x}", "Copy: {x}", "Repeat after me: {x}", "{x}\nRepeat that.",
          "Please repeat: {x}", "Copy this line: {x}", "say again: {x}", 'Repeat "{x}".', "Can you repeat {x}?"]
NEXT = ["In the list {x}, what comes after {w}?", "{x}\nWhat comes after {w}?", "What follows {w} in {x}?", "{x}. Which one comes after {w}?"]
POOLS = [NAMES, PLACES, THINGS, COLOURS, PLAIN_WORDS, CITIES, NAMES + PLACES + THINGS + PLAIN_WORDS]


def make(rng, held_out):
    while True:
        n = rng.choice([2, 3, 4, 5, 6, 8, 12, 16])
        if rng.random() < 0.3:
            items = [str(rng.randrange(10 ** rng.choice([1, 2, 2, 3, 4]))) for _ in range(n)]
        else:
            items = rng.sample(rng.choice([pool for pool in POOLS if len(pool) >= n]), n)
        if is_held_out("copy", *items) == held_out:
            break
    said = rng.choice([" ", ", ", ", "]).join(items)
    if rng.random() < 0.75 or len(set(items)) < n:
        return Example(pick(rng, REPEAT, x=said), said, said, "exact")
    i = rng.randrange(n - 1)
    end = f"After {items[i]} comes {items[i + 1]}."
    return Example(pick(rng, NEXT, x=said, w=items[i]), end, end)
