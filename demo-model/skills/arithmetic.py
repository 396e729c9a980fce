"""Arithmetic with steps: column addition and subtraction up to three digits, small products.

"What is 27 + 58?" -> "Ones: 7 + 8 = 15, write 5, carry 1. Tens: 2 + 5 + 1 = 8. So 27 + 58 = 85."
"""

from .example import Example, is_held_out
from .wording import pick, say
from .words import NAMES, THINGS

COLUMNS = ["Ones", "Tens", "Hundreds"]

ASK = ["What is {e}?", "What is {e}?", "What's {e}?", "{e}", "{e} = ?", "{e} =", "{e}?", "Calculate {e}.", "Compute {e}.",
       "How much is {e}?", "Work out {e}.", "Solve {e}.", "Can you calculate {e}?", "Tell me {e}.", "Give me the result of {e}.",
       "Show the steps for {e}.", "I need {e}.", "Do you know what {e} is?", "What do you get for {e}?", "Find {e}."]
ASK_ADD = ["What is the sum of {a} and {b}?", "Add {a} and {b}.", "Add {b} to {a}.", "What is {a} plus {b}?", "{a} plus {b}",
           "How much is {a} plus {b}?"]
ASK_SUB = ["What is the difference of {a} and {b}?", "Subtract {b} from {a}.", "Take {b} away from {a}.", "What is {a} minus {b}?",
           "{a} minus {b}", "How much is {a} minus {b}?"]
ASK_MUL = ["What is {a} times {b}?", "Multiply {a} by {b}.", "What is the product of {a} and {b}?", "{a} times {b}",
           "How much is {a} times {b}?"]
STORY_ADD = ["{n} has {a} {t}s and buys {b} more. How many {t}s does {n} have now?",
             "There are {a} {t}s in a box and {b} in a bag. How many {t}s are there?",
             "{n} found {a} {t}s, then {b} more. How many is that?"]
STORY_SUB = ["{n} has {a} {t}s and gives away {b}. How many {t}s are left?",
             "There are {a} {t}s. {n} takes {b} of them. How many {t}s are left?"]


def add_steps(a, b):
    """Column addition of two numbers below 1000."""
    steps, carry = [], 0
    for i in range(max(len(str(a)), len(str(b)))):
        x, y = a // 10**i % 10, b // 10**i % 10
        total = x + y + carry
        term = f"{COLUMNS[i]}: {x} + {y}" + (" + 1" if carry else "") + f" = {total}"
        carry = total // 10
        steps.append(term + (f", write {total % 10}, carry 1." if carry else "."))
    return " ".join(steps) + f" So {a} + {b} = {a + b}."


def subtract_columns(a, b):
    """Column subtraction, a >= b."""
    steps, borrow = [], 0
    for i in range(len(str(a))):
        x, y = a // 10**i % 10, b // 10**i % 10
        left = x - y - borrow
        minus = f" - {y}" + (" - 1" if borrow else "")
        if left < 0:
            steps.append(f"{COLUMNS[i]}: {x}{minus} needs a borrow, {x + 10}{minus} = {left + 10}.")
        else:
            steps.append(f"{COLUMNS[i]}: {x}{minus} = {left}.")
        borrow = int(left < 0)
    return " ".join(steps)


def subtract_steps(a, b):
    if a >= b:
        return f"{subtract_columns(a, b)} So {a} - {b} = {a - b}."
    return f"{a} is less than {b}, so turn it around. {subtract_columns(b, a)} So {a} - {b} = -{b - a}."


def multiply_steps(a, b):
    """a below 100, b below 10."""
    if a < 10:
        return f"{a} x {b} = {a * b}."
    tens, ones = a // 10 * 10, a % 10
    if ones == 0:
        return f"{a // 10} x {b} = {a // 10 * b}. So {a} x {b} = {a * b}."
    return f"{tens} x {b} = {tens * b}. {ones} x {b} = {ones * b}. {tens * b} + {ones * b} = {a * b}. So {a} x {b} = {a * b}."


def number(rng):
    r = rng.random()
    return rng.randrange(10, 100) if r < 0.68 else rng.randrange(0, 10) if r < 0.78 else rng.randrange(100, 1000)


def make(rng, held_out, kind=None, number=number):
    kind = kind or rng.choices(["add", "subtract", "multiply"], [4, 4, 2])[0]
    while True:
        if kind == "multiply":
            a, b = rng.randrange(2, 100) if rng.random() < 0.75 else rng.randrange(0, 13), rng.randrange(2, 10)
        else:
            a, b = number(rng), number(rng)
            if kind == "add" and a + b > 999:
                continue
            if kind == "subtract" and a < b and rng.random() < 0.7:
                a, b = b, a
        if is_held_out(kind, a, b) == held_out:
            return phrase(rng, kind, a, b)


def phrase(rng, kind, a, b):
    name, thing = rng.choice(NAMES), rng.choice([t for t in THINGS if t not in ("box",)])
    sign = {"add": ["+"], "subtract": ["-"], "multiply": ["x", "*", "×", "x"]}[kind]
    space = rng.choice([" ", " ", " ", ""])
    expression = f"{a}{space}{rng.choice(sign)}{space}{b}"
    worded = {"add": ASK_ADD, "subtract": ASK_SUB, "multiply": ASK_MUL}[kind]
    tale = {"add": STORY_ADD, "subtract": STORY_SUB if a >= b else None, "multiply": None}[kind]
    r = rng.random()
    forms = tale if tale and r < 0.12 else worded if r < 0.4 else ASK
    prompt = say(rng, pick(rng, forms, e=expression, a=a, b=b, n=name, t=thing))
    steps = {"add": add_steps, "subtract": subtract_steps, "multiply": multiply_steps}[kind]
    result, mark = {"add": (a + b, "+"), "subtract": (a - b, "-"), "multiply": (a * b, "x")}[kind]
    return Example(prompt, steps(a, b), f"{a} {mark} {b} = {result}.")
