"""Dates, weekdays and unit conversion, with the step that leads to the answer."""

from .example import Example, is_held_out
from .wording import pick, say
from .words import DAYS_IN_MONTH, MONTHS, WEEKDAYS

UNITS = [  # from, to, factor
    ("kilometres", "metres", 1000), ("metres", "centimetres", 100), ("centimetres", "millimetres", 10), ("kilograms", "grams", 1000),
    ("litres", "millilitres", 1000), ("euros", "cents", 100), ("hours", "minutes", 60), ("minutes", "seconds", 60), ("days", "hours", 24),
    ("weeks", "days", 7), ("years", "months", 12), ("feet", "inches", 12), ("dozens", "pieces", 12),
]
SHORT = {"kilometres": "km", "metres": "m", "centimetres": "cm", "millimetres": "mm", "kilograms": "kg", "grams": "g", "litres": "l",
         "millilitres": "ml", "hours": "h", "minutes": "min"}
CONVERT = ["How many {v} are in {n} {u}?", "Convert {n} {u} to {v}.", "What is {n} {u} in {v}?", "{n} {u} in {v}", "{n} {u} in {v}?",
           "Change {n} {u} into {v}.", "{n} {u} to {v}", "How many {v} make {n} {u}?"]


def convert(rng, held_out):
    while True:
        (u, v, factor), n = rng.choice(UNITS), rng.randrange(2, 100)
        if factor in (60, 24, 12, 7) and n > 20:
            continue
        if is_held_out("convert", u, n) == held_out:
            break
    one, total = u[:-1] if u != "feet" else "foot", n * factor
    a, b = (SHORT.get(u, u), SHORT.get(v, v)) if rng.random() < 0.3 else (u, v)
    prompt = say(rng, pick(rng, CONVERT, n=n, u=a, v=b))
    if factor in (10, 100, 1000):
        steps = f"1 {one} is {factor} {v}. {n} x {factor} = {total}."
    else:
        if n <= 10:
            steps = f"1 {one} is {factor} {v}. {n} x {factor} = {total}."
        else:
            steps = f"1 {one} is {factor} {v}. 10 x {factor} = {10 * factor}. {n - 10} x {factor} = {(n - 10) * factor}. {10 * factor} + {(n - 10) * factor} = {total}."
            if n == 20:
                steps = f"1 {one} is {factor} {v}. 2 x {factor} = {2 * factor}. 20 x {factor} = {total}."
    end = f"So {n} {u} are {total} {v}."
    return Example(prompt, f"{steps} {end}", end)


def weekday_after(rng, held_out):
    while True:
        day, n, sign = rng.randrange(7), rng.randrange(1, 10), rng.choice([1, 1, -1])
        if is_held_out("weekday", day, n, sign) == held_out:
            break
    word = "after" if sign > 0 else "before"
    forms = ["What day is {n} days {w} {d}?", "Which day comes {n} days {w} {d}?", "{n} days {w} {d}?", "What weekday is {n} days {w} {d}?"]
    if n == 1:
        forms = ["What day comes {w} {d}?", "Which day is {w} {d}?", "What is the day {w} {d}?"]
    path = [WEEKDAYS[(day + sign * i) % 7] for i in range(1, n + 1)]
    steps = ", ".join(f"{i + 1} {p}" for i, p in enumerate(path))
    end = f"So it is {path[-1]}."
    return Example(say(rng, pick(rng, forms, n=n, w=word, d=WEEKDAYS[day])), f"{steps}. {end}", end)


def days_later(rng, held_out):
    while True:
        month, n = rng.randrange(12), rng.randrange(1, 29)
        day = rng.randrange(1, DAYS_IN_MONTH[month] + 1)
        if is_held_out("later", month, day, n) == held_out:
            break
    forms = ["What date is {n} days after {d} {m}?", "What is the date {n} days after {d} {m}?", "{n} days after {d} {m}?",
             "Which date comes {n} days after {m} {d}?", "Add {n} days to {d} {m}."]
    total, last = day + n, DAYS_IN_MONTH[month]
    steps = f"{day} + {n} = {total}. {MONTHS[month]} has {last} days."
    if total > last:
        steps += f" {total} - {last} = {total - last}."
        total, month_to = total - last, (month + 1) % 12
    else:
        month_to = month
    end = f"So it is {total} {MONTHS[month_to]}."
    return Example(say(rng, pick(rng, forms, n=n, d=day, m=MONTHS[month])), f"{steps} {end}", end)


def written(rng, held_out):
    while True:
        month, year = rng.randrange(12), rng.randrange(1950, 2040)
        day = rng.randrange(1, DAYS_IN_MONTH[month] + 1)
        if is_held_out("written", year, month, day) == held_out:
            break
    iso, words = f"{year}-{month + 1:02}-{day:02}", f"{day} {MONTHS[month]} {year}"
    if rng.random() < 0.5:
        prompt = pick(rng, ["Write {x} in words.", "Which date is {x}?", "Write the date {x} with the name of the month.", "What date does {x} mean?"], x=iso)
        return Example(say(rng, prompt), f"Month {month + 1:02} is {MONTHS[month]}. So it is {words}.", f"So it is {words}.")
    prompt = pick(rng, ["Write {x} as an ISO date.", "Convert {x} to the form YYYY-MM-DD.", "{x} as an ISO date?", "What is {x} in ISO form?"], x=words)
    return Example(say(rng, prompt), f"{MONTHS[month]} is month {month + 1:02}. So it is {iso}.", f"So it is {iso}.")


def months(rng, held_out):
    month = rng.randrange(12)
    name = MONTHS[month]
    if rng.random() < 0.5:
        prompt = pick(rng, ["How many days does {m} have?", "How many days are in {m}?", "How long is {m}?"], m=name)
        extra = " In a leap year it has 29." if month == 1 else ""
        return Example(say(rng, prompt), f"{name} has {DAYS_IN_MONTH[month]} days.{extra}", f"{name} has {DAYS_IN_MONTH[month]} days.", "contains")
    step, word = rng.choice([(1, "after"), (-1, "before")])
    prompt = pick(rng, ["Which month comes {w} {m}?", "What month is {w} {m}?", "What is the month {w} {m}?"], w=word, m=name)
    end = f"The month {word} {name} is {MONTHS[(month + step) % 12]}."
    return Example(say(rng, prompt), end, end)


def make(rng, held_out):
    kinds = [convert, weekday_after, days_later, written] + ([] if held_out else [months])
    weights = [5, 2, 3, 2] + ([] if held_out else [1])
    return rng.choices(kinds, weights)[0](rng, held_out)
