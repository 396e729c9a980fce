"""The skills. A new one is one file with `make(rng, held_out) -> Example` and one line here."""

from . import arithmetic, copying, dates_units, moe_facts, programs, recall, story, story_questions, tables, translation

SKILLS = {
    "arithmetic": arithmetic.make,
    "copying": copying.make,
    "dates_units": dates_units.make,
    "moe_facts": moe_facts.make,
    "programs": programs.make,
    "recall": recall.make,
    "recall_long": recall.make_long,
    "story": story.make,
    "story_questions": story_questions.make,
    "tables": tables.make,
    "translation": translation.make,
}
