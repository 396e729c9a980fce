"""What a skill makes: one question, its answer, and how to tell whether an answer is right.

Held-out means: the *content* (operands, sentence, table, story) hashes into one tenth of
all contents, which training never sees. Wording is free on both sides of the split.
"""

import hashlib
from dataclasses import dataclass, field

HELD_OUT_SHARE = 10  # one content in ten


@dataclass
class Example:
    prompt: str  # what the user types
    answer: str  # what the assistant should say
    expect: str  # the part of the answer that is checked
    check: str = "ends_with"  # "ends_with" | "contains" | "exact"
    before: list = field(default_factory=list)  # earlier turns [(user, assistant), ...]
    system: str | None = None
    fact: str = ""  # where the prompt says it, for measuring distances


def is_held_out(*content):
    digest = hashlib.blake2b("|".join(map(str, content)).encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") % HELD_OUT_SHARE == 0


def passes(example_check, expect, text):
    text = text.strip()
    if example_check == "exact":
        return text == expect
    if example_check == "ends_with":
        return text.endswith(expect)
    return expect in text
