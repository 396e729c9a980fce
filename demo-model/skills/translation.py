"""English, French and Spanish through one small grammar with gender and number agreement.

A sentence is built as a meaning (subject, verb, object or place; number, definiteness,
adjective) and said in each language, so every pair of sentences means the same.
"""

from .example import Example, is_held_out
from .wording import lower_first, upper_first

# English singular, plural | French, gender | Spanish, gender
NOUNS = [row.split() for row in """
cat cats chat m gato m|dog dogs chien m perro m|bird birds oiseau m pájaro m|horse horses cheval m caballo m|duck ducks canard m pato m
girl girls fille f niña f|boy boys garçon m niño m|woman women femme f mujer f|man men homme m hombre m|friend friends ami m amigo m
teacher teachers professeur m profesor m|cow cows vache f vaca f|apple apples pomme f manzana f|book books livre m libro m
house houses maison f casa f|flower flowers fleur f flor f|letter letters lettre f carta f|table tables table f mesa f|car cars voiture f coche m
tree trees arbre m árbol m|key keys clé f llave f|chair chairs chaise f silla f|boat boats bateau m barco m|cheese cheeses fromage m queso m
lamp lamps lampe f lámpara f|pear pears poire f pera f|hat hats chapeau m sombrero m
""".strip().replace("\n", "|").split("|")]
ANIMATE = 12  # the first twelve nouns can be subjects
FOOD = {"apple", "pear", "cheese"}
# English | French m f mp fp, placed before? | Spanish m f mp fp
ADJECTIVES = [
    ("red", ("rouge", "rouge", "rouges", "rouges"), False, ("rojo", "roja", "rojos", "rojas")),
    ("black", ("noir", "noire", "noirs", "noires"), False, ("negro", "negra", "negros", "negras")),
    ("white", ("blanc", "blanche", "blancs", "blanches"), False, ("blanco", "blanca", "blancos", "blancas")),
    ("green", ("vert", "verte", "verts", "vertes"), False, ("verde", "verde", "verdes", "verdes")),
    ("small", ("petit", "petite", "petits", "petites"), True, ("pequeño", "pequeña", "pequeños", "pequeñas")),
    ("big", ("grand", "grande", "grands", "grandes"), True, ("grande", "grande", "grandes", "grandes")),
    ("yellow", ("jaune", "jaune", "jaunes", "jaunes"), False, ("amarillo", "amarilla", "amarillos", "amarillas")),
    ("quiet", ("calme", "calme", "calmes", "calmes"), False, ("tranquilo", "tranquila", "tranquilos", "tranquilas")),
]
# English singular, plural | French singular, plural | Spanish singular, plural | takes an object?
VERBS = [
    ("sees", "see", "voit", "voient", "ve", "ven", True), ("eats", "eat", "mange", "mangent", "come", "comen", True),
    ("wants", "want", "veut", "veulent", "quiere", "quieren", True), ("takes", "take", "prend", "prennent", "toma", "toman", True),
    ("has", "have", "a", "ont", "tiene", "tienen", True), ("buys", "buy", "achète", "achètent", "compra", "compran", True),
    ("finds", "find", "trouve", "trouvent", "encuentra", "encuentran", True), ("looks for", "look for", "cherche", "cherchent", "busca", "buscan", True),
    ("sleeps", "sleep", "dort", "dorment", "duerme", "duermen", False), ("sings", "sing", "chante", "chantent", "canta", "cantan", False),
    ("works", "work", "travaille", "travaillent", "trabaja", "trabajan", False), ("runs", "run", "court", "courent", "corre", "corren", False),
]
PLACES = [("in the garden", "dans le jardin", "en el jardín"), ("in the house", "dans la maison", "en la casa"), ("in the kitchen", "dans la cuisine", "en la cocina"),
          ("in the street", "dans la rue", "en la calle"), ("at the market", "au marché", "en el mercado"), ("at school", "à l'école", "en la escuela")]
FRENCH_PLURAL = {"oiseau": "oiseaux", "cheval": "chevaux", "bateau": "bateaux", "chapeau": "chapeaux"}
SPANISH_PLURAL = {"mujer": "mujeres", "profesor": "profesores", "flor": "flores", "árbol": "árboles"}


def phrase(noun, plural, definite, adjective):
    """(English, French, Spanish) of one noun phrase."""
    one, many, fr, fr_gender, es, es_gender = noun
    en_adj = adjective[0] + " " if adjective else ""
    en_noun = many if plural else one
    en_det = "the" if definite else "some" if plural else "an" if (en_adj + en_noun)[0] in "aeio" else "a"
    english = f"{en_det} {en_adj}{en_noun}"

    fr_noun = FRENCH_PLURAL.get(fr, fr + "s") if plural else fr
    fr_adj = adjective[1][2 * plural + (fr_gender == "f")] if adjective else ""
    before = bool(adjective) and adjective[2]
    words = f"{fr_adj} {fr_noun}" if before else f"{fr_noun} {fr_adj}".strip()
    if definite:
        vowel = words[0] in "aeiouéh"
        french = f"les {words}" if plural else f"l'{words}" if vowel else f"{'la' if fr_gender == 'f' else 'le'} {words}"
    elif plural:
        french = f"de {words}" if before else f"des {words}"
    else:
        french = f"{'une' if fr_gender == 'f' else 'un'} {words}"

    es_noun = SPANISH_PLURAL.get(es, es + "s") if plural else es
    es_adj = " " + adjective[3][2 * plural + (es_gender == "f")] if adjective else ""
    es_det = {(1, 0, "m"): "el", (1, 0, "f"): "la", (1, 1, "m"): "los", (1, 1, "f"): "las",
              (0, 0, "m"): "un", (0, 0, "f"): "una", (0, 1, "m"): "unos", (0, 1, "f"): "unas"}[int(definite), int(plural), es_gender]
    return english, french, f"{es_det} {es_noun}{es_adj}"


def sentence(rng):
    def any_phrase(nouns):
        plural, definite = rng.random() < 0.4, rng.random() < 0.65
        adjective = rng.choice(ADJECTIVES) if rng.random() < 0.45 else None
        return phrase(rng.choice(nouns), plural, definite, adjective), plural

    subject, plural = any_phrase(NOUNS[:ANIMATE])
    verb = rng.choice(VERBS)
    parts = [subject, (verb[0 + plural], verb[2 + plural], verb[4 + plural])]
    if verb[6]:
        objects = [n for n in NOUNS if n[0] in FOOD] if verb[0] == "eats" else NOUNS[ANIMATE:] + NOUNS[:5]  # things and animals
        parts.append(any_phrase(objects)[0])
    if rng.random() < (0.2 if verb[6] else 0.5):
        parts.append(rng.choice(PLACES))
    said = [upper_first(" ".join(p[i] for p in parts)) + "." for i in range(3)]
    return said


LANGUAGES = ["English", "French", "Spanish"]
ASK = ["Translate into {l}: {s}", "Translate to {l}: {s}", "Translate this into {l}: {s}", "Say this in {l}: {s}", "Say in {l}: {s}",
       'How do you say "{s}" in {l}?', 'Translate "{s}" into {l}.', "{s} In {l}, please.", "Please translate to {l}: {s}", "Put this into {l}: {s}",
       "What is this in {l}? {s}", "{l}: {s}", "translate to {ll}: {s}", 'What is "{s}" in {l}?', "{f} to {l}: {s}", "From {f} to {l}: {s}", "{s}\nTranslate it into {l}."]
ASK_WORDS = ['What is "{s}" in {l}?', 'How do you say "{s}" in {l}?', "Translate into {l}: {s}", 'What does "{s}" mean in {l}?', "{l} for {s}?", "Say {s} in {l}."]


def make(rng, held_out):
    while True:
        whole = rng.random() < 0.75
        if whole:
            said = sentence(rng)
        else:
            said = phrase(rng.choice(NOUNS), rng.random() < 0.4, rng.random() < 0.7, rng.choice(ADJECTIVES) if rng.random() < 0.5 else None)
        if is_held_out("translate", said[0]) == held_out:
            break
    source, target = rng.sample(range(3), 2) if rng.random() < 0.4 else rng.choice([(0, 1), (0, 2), (1, 0), (2, 0)])
    form = rng.choice(ASK if whole else ASK_WORDS)
    text = said[source]
    if whole and rng.random() < 0.2:
        text = text[:-1] if rng.random() < 0.6 else lower_first(text[:-1])
    elif '"{s}"' in form and rng.random() < 0.5:
        text = text.rstrip(".")
    prompt = form.format(s=text, l=LANGUAGES[target], ll=LANGUAGES[target].lower(), f=LANGUAGES[source])
    return Example(prompt, said[target], said[target], "exact")
