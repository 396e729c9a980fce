"""Questions about a simulated story, answered with a short chain of what happened.

"Where is the ball?" -> "The ball: it was in the hall, Anna took it, Anna gave it to Ben.
Ben: kitchen, park. So the ball is in the park."
"""

from .example import Example, is_held_out
from .wording import pick, say
from .world import World

WHERE_THING = ["Where is the {t}?", "Where is the {t} now?", "Where can I find the {t}?", "In which place is the {t}?",
               "Tell me where the {t} is.", "Where did the {t} end up?", "Do you know where the {t} is?", "Find the {t}."]
WHERE_PERSON = ["Where is {p}?", "Where is {p} now?", "Where can I find {p}?", "In which place is {p}?", "Tell me where {p} is.",
                "Where did {p} end up?", "Do you know where {p} is?", "Find {p}."]
WHO_HAS = ["Who has the {t}?", "Who has the {t} now?", "Who is holding the {t}?", "Who holds the {t}?", "Tell me who has the {t}."]
WHAT_HAS = ["What does {p} have?", "What is {p} holding?", "What does {p} hold now?", "Which things does {p} have?"]


def thing_chain(world, thing):
    said = []
    for event in world.history[thing]:
        if event[0] == "start":
            said.append(f"it was in the {event[1]}")
        elif event[0] == "take":
            said.append(f"{event[1]} took it")
        elif event[0] == "give":
            said.append(f"{event[1]} gave it to {event[2]}")
        else:
            said.append(f"{event[1]} left it in the {event[2]}")
    return f"The {thing}: {', '.join(said)}."


def path_chain(world, person):
    return f"{person}: {', '.join(world.path[person])}."


def where_thing(rng, world):
    t = rng.choice(world.things)
    chain = thing_chain(world, t)
    if t in world.holder:
        chain += " " + path_chain(world, world.holder[t])
    end = f"So the {t} is in the {world.place_of(t)}."
    return pick(rng, WHERE_THING, t=t), f"{chain} {end}", end


def where_person(rng, world):
    p = rng.choice(world.people)
    end = f"So {p} is in the {world.at[p]}."
    return pick(rng, WHERE_PERSON, p=p), f"{path_chain(world, p)} {end}", end


def who_has(rng, world):
    t = rng.choice(world.things)
    end = f"So {world.holder[t]} has the {t}." if t in world.holder else f"So nobody has the {t}."
    return pick(rng, WHO_HAS, t=t), f"{thing_chain(world, t)} {end}", end


def what_has(rng, world):
    """Follow each thing in turn, then list what stayed with the person."""
    p = rng.choice(world.people)
    held = [t for t in world.things if world.holder.get(t) == p]
    end = f"So {p} has " + (" and ".join(f"the {t}" for t in held) if held else "nothing") + "."
    return pick(rng, WHAT_HAS, p=p), " ".join(thing_chain(world, t) for t in world.things) + " " + end, end


def make(rng, held_out):
    while True:
        n_people = rng.choice([1, 2, 2, 3])
        world = World(rng, n_people, rng.choice([2, 3, 4]), rng.choice([1, 1, 2, 2]))
        world.begin()
        for _ in range(rng.choice([2, 3, 4, 5, 6, 7])):
            world.act()
        if is_held_out("story", *sorted(world.people), *sorted(world.things), *sorted(set(world.at.values()))) == held_out:
            break
    n_questions = 1 if held_out else rng.choice([1, 2, 3, 4])  # training asks several things about one story
    turns, said = [], set()
    for _ in range(n_questions):
        ask = rng.choices([where_thing, where_person, who_has, what_has], [5, 3, 3, 1])[0]
        question, answer, end = ask(rng, world)
        if answer not in said:
            said.add(answer)
            turns.append((say(rng, question), answer, end))
    story = " ".join(world.text)
    forms = ["{s}\n{q}", "{s}\n{q}", "{s} {q}", "{s}\n\n{q}", "Story: {s}\nQuestion: {q}", "Read this. {s}\n{q}", "{q}\n{s}"]
    turns[0] = (rng.choice(forms).format(s=story, q=turns[0][0]), *turns[0][1:])
    return Example(turns[-1][0], turns[-1][1], turns[-1][2], before=[t[:2] for t in turns[:-1]])
