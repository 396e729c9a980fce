"""Short stories told by the simulated micro-world, about the people and things the user names."""

from .example import Example, is_held_out
from .wording import pick, say, with_article
from .world import World

ASK = ["Tell me a story about {p} and {a}.", "Write a short story about {p} and {a}.", "Tell a story with {p} and {a}.",
       "Can you tell me a story about {p} and {a}?", "A story about {p} and {a}, please.", "I want a story about {p} and {a}.",
       "Make up a story about {p} and {a}.", "Write a few sentences about {p} and {a}."]
ASK_PLACE = ["Tell me a story about {p} in the {l}.", "Write a short story about {p} in the {l}.", "Tell a story about {p}, {a} and the {l}."]
MOODS = ["It was a warm day.", "It was a cold day.", "It was a quiet morning.", "The sun was high.", "It was late."]
ENDS = ["{p} was happy.", "{p} smiled.", "That was a good day.", "Then {p} went home.", "Everyone was glad."]


def make(rng, held_out):
    while True:
        world = World(rng, 2, 3, 1)
        p, q = world.people
        t = world.things[0]
        if is_held_out("tale", p, t, world.places[0]) == held_out:
            break
    forms = ASK if rng.random() < 0.7 else ASK_PLACE
    prompt = say(rng, pick(rng, forms, p=p, a=with_article(t), l=world.places[0]))
    world.at[p] = world.places[0]
    world.tell(["{p} was in the {l}.", "One day {p} was in the {l}."], p=p, l=world.places[0])
    world.text.append(rng.choice(MOODS))
    world.at[q] = world.places[1]
    world.lies[t] = world.places[0]
    world.tell(["{p} saw {a}."], p=p, a=with_article(t))
    world.take(p, t)
    world.at[p] = world.places[1]
    world.tell(["{p} took the {t} to the {l}.", "{p} went to the {l} with the {t}."], p=p, t=t, l=world.places[1])
    world.tell(["{q} was there.", "There {p} met {q}."], p=p, q=q)
    if rng.random() < 0.6:
        world.give(p, t, q)
        if rng.random() < 0.5:
            world.tell(['"Thank you, {p}!" said {q}.', '{q} said: "Thank you!"'], p=p, q=q)
    else:
        world.tell(["{q} looked at the {t}.", '"What a nice {t}!" said {q}.'], q=q, t=t)
        world.move(p)
        world.drop(p, t)
    world.tell(ENDS, p=p)
    return Example(prompt, " ".join(world.text), f"the {t}", check="contains")
