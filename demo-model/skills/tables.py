"""JSON and CSV: one into the other, reading a field, a column, a count, a record from a sentence."""

import json

from .example import Example, is_held_out
from .wording import pick, say
from .words import CITIES, COLOURS, NAMES, THINGS

COLUMNS = {
    "name": lambda rng: rng.choice(NAMES),
    "item": lambda rng: rng.choice(THINGS),
    "age": lambda rng: rng.randrange(10, 90),
    "city": lambda rng: rng.choice(CITIES),
    "colour": lambda rng: rng.choice(COLOURS),
    "price": lambda rng: rng.randrange(2, 100),
    "count": lambda rng: rng.randrange(1, 50),
}
TO_JSON = ["Convert this CSV to JSON:\n{x}", "Turn this CSV into JSON.\n{x}", "CSV to JSON:\n{x}", "Make JSON from this CSV:\n{x}",
           "Write this table as JSON:\n{x}", "{x}\nConvert it to JSON.", "{x}\nAs JSON, please.", "Please convert to JSON:\n{x}", "to json:\n{x}"]
TO_CSV = ["Convert this JSON to CSV:\n{x}", "Turn this JSON into CSV.\n{x}", "JSON to CSV:\n{x}", "Make CSV from this JSON:\n{x}",
          "Write this JSON as CSV:\n{x}", "{x}\nConvert it to CSV.", "{x}\nAs CSV, please.", "Please convert to CSV:\n{x}", "to csv:\n{x}"]
FIELD = ["What is the {c} of {k}?", "Which {c} does {k} have?", "Give me the {c} of {k}.", "Find the {c} for {k}.", "Tell me the {c} of {k}."]
COLUMN = ["List the {c} column.", "List every {c}.", "Give me all values of {c}.", "Show only the {c} column."]
COUNT = ["How many rows are there?", "How many records are there?", "Count the rows.", "How many entries does it have?"]
SENTENCE = ["Make JSON from this: {s}", "Write this as JSON: {s}", "Turn this into a JSON object: {s}", "{s} As JSON, please.", "Convert to JSON: {s}"]


def table(rng, held_out, n_rows=None):
    while True:
        first = rng.choice(["name", "name", "item"])
        others = [c for c in COLUMNS if c not in ("name", "item")]
        columns = [first] + rng.sample(others, rng.choice([1, 2, 2, 3]))
        rows, seen = [], set()
        for _ in range(n_rows or rng.choice([1, 2, 2, 3, 3, 4])):
            row = {c: COLUMNS[c](rng) for c in columns}
            if row[first] not in seen:
                seen.add(row[first])
                rows.append(row)
        if is_held_out("table", *(v for r in rows for v in r.values())) == held_out:
            return columns, rows


def to_csv(columns, rows):
    return "\n".join([",".join(columns)] + [",".join(str(r[c]) for c in columns) for r in rows])


def make(rng, held_out, kind=None):
    kind = kind or rng.choices(["to_json", "to_csv", "field", "column", "count", "sentence"], [5, 5, 4, 2, 1, 3])[0]
    columns, rows = table(rng, held_out)
    as_json, as_csv = json.dumps(rows, ensure_ascii=False), to_csv(columns, rows)
    if kind == "to_json":
        return Example(say_first_line(rng, pick(rng, TO_JSON, x=as_csv)), as_json, as_json, "exact")
    if kind == "to_csv":
        return Example(say_first_line(rng, pick(rng, TO_CSV, x=as_json)), as_csv, as_csv, "exact")
    if kind == "sentence":
        return sentence(rng, held_out)
    source = rng.choice([as_json, as_csv])
    row, column = rng.choice(rows), rng.choice(columns[1:])
    if kind == "field":
        key = row[columns[0]]
        question = pick(rng, FIELD, c=column, k=key if columns[0] == "name" else f"the {key}")
        answer = f"The {column} of {key if columns[0] == 'name' else f'the {key}'} is {row[column]}."
    elif kind == "column":
        column = rng.choice(columns)
        question = pick(rng, COLUMN, c=column)
        answer = f"{column}: " + ", ".join(str(r[column]) for r in rows) + "."
    else:
        question = rng.choice(COUNT)
        names = [str(r[columns[0]]) for r in rows]
        listed = ", ".join(f"{n} is {i + 1}" for i, n in enumerate(names))
        answer = f"{listed}. There are {len(rows)} rows." if len(rows) > 1 else f"{listed}. There is 1 row."
    asked = say(rng, question)
    prompt = f"{source}\n{asked}" if rng.random() < 0.8 else f"{asked}\n{source}"
    example = Example(prompt, answer, answer if kind == "field" else answer.split(". ")[-1], "ends_with")
    if held_out or kind != "field":
        return example
    for _ in range(rng.choice([0, 1, 2, 3])):  # training asks for several fields of one table
        row, column = rng.choice(rows), rng.choice(columns[1:])
        who = row[columns[0]] if columns[0] == "name" else f"the {row[columns[0]]}"
        answer = f"The {column} of {who} is {row[column]}."
        example = Example(say(rng, pick(rng, FIELD, c=column, k=who)), answer, answer, before=example.before + [(example.prompt, example.answer)])
    return example


def sentence(rng, held_out):
    while True:
        name, age, city = rng.choice(NAMES), rng.randrange(10, 90), rng.choice(CITIES)
        if is_held_out("sentence", name, age, city) == held_out:
            break
    said = rng.choice([f"{name} is {age} and lives in {city}.", f"{name} is {age} years old and lives in {city}.", f"{name} lives in {city} and is {age}."])
    answer = json.dumps({"name": name, "age": age, "city": city})
    return Example(pick(rng, SENTENCE, s=said), answer, answer, "exact")


def say_first_line(rng, text):
    return text[:1].lower() + text[1:] if text[:1].isalpha() and text[1:2].islower() and not text.startswith(("name", "item")) and rng.random() < 0.15 else text
