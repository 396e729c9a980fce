"""How people type: case, punctuation, politeness. Never touches a marked literal part."""

OPENERS = ["", "", "", "", "", "", "", "", "Please: ", "Hi! ", "Hello, ", "Can you help? ", "Question: ", "OK, ", "Now: ", "Next: ", "Hey, "]
CLOSERS = ["", "", "", "", "", "", "", " Please.", " Thanks!", " Thank you."]


def say(rng, text):
    """A question or request, as some person might type it."""
    if rng.random() < 0.15 and text.endswith(("?", ".")):
        text = text[:-1]
    elif rng.random() < 0.06:
        text = rng.choice(["please ", "Please "]) + lower_first(text)
    opener = rng.choice(OPENERS)
    if opener and rng.random() < 0.5:
        text = lower_first(text)
    text = opener + text
    if text[-1] in "?.":
        text += rng.choice(CLOSERS)
    if rng.random() < 0.12:
        text = lower_first(text)
    return text


def lower_first(text):
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text


def upper_first(text):
    return text[:1].upper() + text[1:]


def pick(rng, forms, **parts):
    return rng.choice(forms).format(**parts)


def with_article(noun):
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"
