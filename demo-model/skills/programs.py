"""Tiny Python programs: what do they print? And: write one that prints this."""

from .example import Example, is_held_out
from .wording import pick, say
from .words import PLAIN_WORDS, THINGS

ASK = ["What does this program print?\n{x}", "What is the output of this code?\n{x}", "What does this print?\n{x}", "Run this:\n{x}",
       "Output of this program?\n{x}", "{x}\nWhat does it print?", "{x}\nWhat is the output?", "What will this Python code print?\n{x}"]
WRITE = ["Write a program that prints {x}.", "Write Python code that prints {x}.", "Show me a program that prints {x}.", "How do I print {x} in Python?",
         "Give me a Python program that prints {x}."]
VARIABLES = ["x", "y", "a", "b", "n", "m", "k"]


def assign(rng):
    v, w = rng.sample(VARIABLES, 2)
    a, b = rng.randrange(1, 10), rng.randrange(1, 10)
    op = rng.choice("+-*")
    r = {"+": a + b, "-": a - b, "*": a * b}[op]
    if rng.random() < 0.5:
        return f"{v} = {a}\n{w} = {v} {op} {b}\nprint({w})", f"{v} = {a}. {w} = {a} {op} {b} = {r}.", str(r)
    return f"{v} = {a}\n{w} = {b}\nprint({v} {op} {w})", f"{v} = {a}, {w} = {b}. {a} {op} {b} = {r}.", str(r)


def loop(rng):
    v, n, start = rng.choice("ijk"), rng.randrange(2, 6), rng.choice([0, 0, 1, 2, 3])
    op, c = rng.choice("+*"), rng.randrange(1, 10)
    values = range(start, start + n)
    span = f"range({n})" if start == 0 else f"range({start}, {start + n})"
    results = [i + c if op == "+" else i * c for i in values]
    steps = " ".join(f"{i} {op} {c} = {r}." for i, r in zip(values, results))
    return f"for {v} in {span}:\n    print({v} {op} {c})", steps, ", ".join(map(str, results))


def total(rng):
    v, t, n = rng.choice("ijk"), rng.choice(["total", "s"]), rng.randrange(2, 6)
    steps, acc = [], 0
    for i in range(1, n + 1):
        steps.append(f"{acc} + {i} = {acc + i}.")
        acc += i
    return f"{t} = 0\nfor {v} in range(1, {n + 1}):\n    {t} = {t} + {v}\nprint({t})", " ".join(steps), str(acc)


def branch(rng):
    v, a, b = rng.choice(VARIABLES), rng.randrange(0, 20), rng.randrange(0, 20)
    yes, no = rng.sample(PLAIN_WORDS, 2)
    op = rng.choice(["<", ">"])
    holds = a < b if op == "<" else a > b
    code = f'{v} = {a}\nif {v} {op} {b}:\n    print("{yes}")\nelse:\n    print("{no}")'
    return code, f"{v} = {a}. {a} {op} {b} is {'true' if holds else 'false'}.", yes if holds else no


def repeat(rng):
    word, n = rng.choice(PLAIN_WORDS + THINGS), rng.randrange(2, 5)
    return f'print("{word}" * {n})', f'"{word}" {n} times.', word * n


def joined(rng):
    a, b = rng.sample(PLAIN_WORDS + THINGS, 2)
    v, w = rng.sample(VARIABLES, 2)
    return f'{v} = "{a}"\n{w} = "{b}"\nprint({v} + {w})', f'"{a}" + "{b}".', a + b


def list_item(rng):
    v, words = rng.choice(["words", "things", "items"]), rng.sample(PLAIN_WORDS, rng.choice([3, 4, 5]))
    i = rng.randrange(len(words))
    code = f"{v} = [" + ", ".join(f'"{w}"' for w in words) + f"]\nprint({v}[{i}])"
    return code, " ".join(f"{j} is {w}." for j, w in enumerate(words[: i + 1])), words[i]


def list_length(rng):
    v, words = rng.choice(["words", "things", "items"]), rng.sample(PLAIN_WORDS, rng.choice([2, 3, 4, 5]))
    code = f"{v} = [" + ", ".join(f'"{w}"' for w in words) + f"]\nprint(len({v}))"
    return code, " ".join(f"{w} is {j + 1}." for j, w in enumerate(words)), str(len(words))


def write(rng, held_out):
    while True:
        a, n, word = rng.randrange(0, 30), rng.randrange(3, 20), rng.choice(PLAIN_WORDS + THINGS)
        if is_held_out("write", a, n, word) == held_out:
            break
    if rng.random() < 0.5:
        what, code = rng.choice([f"the numbers from {a} to {a + n}", f"all numbers from {a} to {a + n}"]), f"for i in range({a}, {a + n + 1}):\n    print(i)"
    elif rng.random() < 0.5:
        what, code = rng.choice([f"the word {word}", f'"{word}"']), f'print("{word}")'
    else:
        what, code = rng.choice([f"the word {word} {n} times", f'"{word}" {n} times']), f'for i in range({n}):\n    print("{word}")'
    return Example(say(rng, pick(rng, WRITE, x=what)), code, code, "exact")


KINDS = [assign, assign, loop, loop, total, branch, branch, repeat, joined, list_item, list_length]


def make(rng, held_out):
    if rng.random() < 0.15:
        return write(rng, held_out)
    while True:
        code, steps, output = rng.choice(KINDS)(rng)
        if is_held_out("program", code) == held_out:
            break
    end = f"It prints {output}."
    return Example(pick(rng, ASK, x=code), f"{steps} {end}", end)
