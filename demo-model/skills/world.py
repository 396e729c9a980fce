"""The micro-world: people move between places, pick things up, put them down, give them away.

State is simulated, so every sentence is true when it is said, and every answer is known.
"""

from .wording import with_article
from .words import NAMES, PLACES, THINGS

MOVES = ["{p} went to the {l}.", "{p} walked to the {l}.", "Then {p} went to the {l}.", "{p} moved to the {l}.", "{p} ran to the {l}."]
TAKES = ["{p} picked up the {t}.", "{p} took the {t}.", "{p} grabbed the {t}.", "There {p} found the {t} and took it."]
DROPS = ["{p} left the {t} in the {l}.", "{p} put the {t} down in the {l}.", "{p} dropped the {t} in the {l}."]
GIVES = ["{p} gave the {t} to {q}.", "{p} handed the {t} to {q}.", "{p} passed the {t} to {q}."]
STARTS = ["{p} was in the {l}.", "{p} is in the {l}.", "{p} was in the {l}."]
THING_STARTS = ["The {t} was in the {l}.", "There was {a} in the {l}."]


class World:
    def __init__(self, rng, n_people, n_places, n_things):
        self.rng = rng
        self.people = rng.sample(NAMES, n_people)
        self.places = rng.sample(PLACES, n_places)
        self.things = rng.sample(THINGS, n_things)
        self.at = {}  # person -> place
        self.path = {p: [] for p in self.people}  # person -> every place, in order
        self.holder = {}  # thing -> person
        self.lies = {}  # thing -> place, when nobody holds it
        self.history = {t: [] for t in self.things}  # thing -> [("take", p) | ("give", p, q) | ("drop", p, l) | ("start", l)]
        self.text = []

    def tell(self, forms, **parts):
        self.text.append(self.rng.choice(forms).format(**parts))

    def begin(self):
        for p in self.people:
            self.at[p] = self.rng.choice(self.places)
            self.path[p].append(self.at[p])
            self.tell(STARTS, p=p, l=self.at[p])
        for t in self.things:
            place = self.rng.choice([self.at[p] for p in self.people])
            self.lies[t] = place
            self.history[t].append(("start", place))
            self.tell(THING_STARTS, t=t, a=with_article(t), l=place)

    def move(self, p):
        place = self.rng.choice([x for x in self.places if x != self.at[p]])
        self.at[p] = place
        self.path[p].append(place)
        self.tell(MOVES, p=p, l=place)

    def take(self, p, t):
        del self.lies[t]
        self.holder[t] = p
        self.history[t].append(("take", p))
        self.tell(TAKES, p=p, t=t)

    def drop(self, p, t):
        del self.holder[t]
        self.lies[t] = self.at[p]
        self.history[t].append(("drop", p, self.at[p]))
        self.tell(DROPS, p=p, t=t, l=self.at[p])

    def give(self, p, t, q):
        self.holder[t] = q
        self.history[t].append(("give", p, q))
        self.tell(GIVES, p=p, t=t, q=q)

    def act(self):
        """One possible event, things happening more often than walks."""
        p = self.rng.choice(self.people)
        held = [t for t in self.things if self.holder.get(t) == p]
        near = [t for t in self.things if self.lies.get(t) == self.at[p]]
        together = [q for q in self.people if q != p and self.at[q] == self.at[p]]
        options = ["move"] * 3 + ["take"] * (4 * bool(near)) + ["drop"] * bool(held) + ["give"] * (3 * bool(held and together))
        choice = self.rng.choice(options)
        if choice == "move":
            self.move(p)
        elif choice == "take":
            self.take(p, self.rng.choice(near))
        elif choice == "drop":
            self.drop(p, self.rng.choice(held))
        else:
            self.give(p, self.rng.choice(held), self.rng.choice(together))

    def place_of(self, thing):
        return self.lies.get(thing) or self.at[self.holder[thing]]
