"""What the tests and the page read about the shipped file:

    tests/fixtures/demo/skills.json   held-out questions with what a right answer must hold
    tests/fixtures/demo/greedy.json   prompts as ids and the ids that llama.cpp continues with
    public/models/models.json         the page's list of models, with prompts to try
"""

import hashlib
import json
import os
import pathlib
import subprocess
import tempfile

import torch

import evaluate
from export import CHAT_TEMPLATE, as_shipped
from model import n_parameters

HERE = pathlib.Path(__file__).resolve().parent
PER_SKILL = 25
N_GREEDY = 48
SLUGS = {
    "addition, two digits": "addition_2_digits", "subtraction, two digits": "subtraction_2_digits",
    "addition, three digits": "addition_3_digits", "multiplication by one digit": "multiplication",
    "dates and units": "dates_units", "recall, short lists and notes": "recall_short",
    "recall over 256 tokens or more": "recall_256", "stories": "story", "story questions": "story_questions",
    "JSON and CSV, all kinds": "json_csv", "programs": "programs", "translation": "translation",
    "mixture-of-experts facts": "moe_facts", "copying": "copying",
}
EXAMPLES = [  # prompts to try; kept because the shipped model answers them well, so no measure of it
    ("Arithmetic with steps", ["What is 27 + 58?", "Calculate 91 - 46.", "What is 43 times 6?", "Multiply 52 by 4."]),
    ("Dates and units", ["What date is 10 days after 28 April?", "Convert 3 hours to minutes.", "What day is 3 days after Tuesday?", "Write 7 March 2024 as an ISO date."]),
    ("Remembering", ["Remember this list.\nAnna: 47\nBruno: 83\nClara: 15\nDavid: 62\nEmma: 90\nWhat is the code of Clara?",
                     "The code of the red box is 51. It was a warm day. Anna went to the park. Ben saw a blue kite in the garden. The library was quiet.\nWhat is the code of the red box?"]),
    ("JSON and CSV", ["Convert this CSV to JSON:\nname,age,price\nAnna,31,5\nHugo,27,8", 'Convert this JSON to CSV:\n[{"item": "lamp", "price": 12}, {"item": "book", "price": 7}]',
                      "Write this as JSON: Clara is 31 and lives in Oslo."]),
    ("Tiny programs", ["What does this program print?\nfor i in range(3):\n    print(i + 5)", "What does this print?\nx = 7\ny = x - 3\nprint(y)", "Write a program that prints the numbers from 3 to 9."]),
    ("Translation", ["Translate into French: The black cat sees a small bird.", "Translate into Spanish: The girls sing in the garden.", "How do you say \"la maison blanche\" in English?"]),
    ("Questions about a story", ["Anna was in the kitchen. The ball was in the kitchen. Anna picked up the ball. Anna went to the garden.\nWhere is the ball?",
                                 "Tom was in the hall. Eva was in the garden. The key was in the hall. Tom took the key. Tom went to the garden. Tom gave the key to Eva.\nWhere is the key?",
                                 "Clara was in the hall. The key was in the hall. Clara took the key. Clara walked to the library. Clara left the key in the library. Clara went to the park.\nWho has the key?"]),
    ("Short stories", ["Tell me a story about Anna and a kite.", "Write a short story about Hugo and a lamp."]),
    ("Mixture of experts", ["What is an expert?", "How does the router choose experts?", "What is the KV cache?", "What does a token cost?"]),
    ("Repeating", ["Repeat: Anna, Hugo, Clara", "Copy: lamp, book, key"]),
    ("About the model", ["Who are you?", "What can I ask you?"]),
]


def skills(encoder, path, seed):
    out = []
    for name, slug in SLUGS.items():
        for example, _ in evaluate.draw(name, encoder, PER_SKILL, f"{seed}/fixture"):
            if example.before or example.system:
                raise ValueError(f"{name}: a fixture holds a single prompt")
            out.append({"skill": slug, "prompt": example.prompt, "expect": example.expect, "check": example.check})
    pathlib.Path(path).write_text(json.dumps(out, ensure_ascii=False, indent=1) + "\n")
    return out


def chat_ids(encoder, prompt):
    return encoder.role["user"] + encoder.ids(prompt) + [encoder.end] + encoder.newline + encoder.role["assistant"]


def greedy(encoder, model, gguf_path, oracle, path):
    """llama.cpp's greedy ids, beside the number of cases where PyTorch on the same weights agrees."""
    prompts = [p for _, some in EXAMPLES for p in some]
    rendered = [f"<|im_start|>user\n{p}<|im_end|>\n<|im_start|>assistant\n" for p in prompts]
    with tempfile.TemporaryDirectory() as folder:
        ask = pathlib.Path(folder, "cases.json")
        ask.write_text(json.dumps([{"rendered": r, "n": N_GREEDY} for r in rendered]))
        command = ["node", str(HERE / "oracle.mjs"), str(oracle), str(gguf_path), str(ask)]
        told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    cases, same = [], 0
    for prompt, case in zip(prompts, told):
        ids, out = chat_ids(encoder, prompt), case["greedy_ids"]
        if case["prompt_ids"] != ids:
            raise ValueError(f"llama.cpp cuts {prompt!r} into other tokens")
        agrees = model.generate([ids], N_GREEDY, encoder.end)[0] == out
        same += agrees
        cases.append({"prompt": prompt, "prompt_ids": ids, "greedy_ids": out, "pytorch_agrees": agrees,
                      "text": encoder.tok.decode([t for t in out if t != encoder.end])})
    body = {"file": os.path.basename(gguf_path), "oracle": f"llama.cpp (npm node-llama-cpp 3.22.1), CPU, default KV cache; stops at <|im_end|> or {N_GREEDY} tokens",
            "sha256": hashlib.sha256(pathlib.Path(gguf_path).read_bytes()).hexdigest(), "chat_template": CHAT_TEMPLATE, "cases": cases}
    pathlib.Path(path).write_text(json.dumps(body, ensure_ascii=False, indent=1) + "\n")
    print(f"greedy: PyTorch on the shipped weights agrees with llama.cpp on {same}/{len(prompts)} prompts")
    return {"prompts": len(prompts), "same": same}


def models_json(model, gguf_path, path):
    data = pathlib.Path(gguf_path).read_bytes()
    everything, active = n_parameters(model)
    s = model.s
    entry = {
        "id": "moescope-demo", "name": "moescope demo (8 M)", "file": os.path.basename(gguf_path), "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(),
        "licence": "MIT OR Apache-2.0", "parameters": everything, "active_parameters": active, "experts": s.n_experts, "top_k": s.top_k, "layers": s.n_layers,
        "about": "A very small mixture-of-experts model trained from nothing on text from our own generator, made to be looked into.",
        "examples": [{"skill": skill, "prompts": prompts} for skill, prompts in EXAMPLES],
    }
    pathlib.Path(path).write_text(json.dumps({"models": [entry]}, ensure_ascii=False, indent=1) + "\n")


def run(build, gguf_path, oracle, seed=2):
    root = HERE.parent
    fixtures = root / "tests/fixtures/demo"
    fixtures.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    state, encoder, shape = evaluate.load(build)
    model = evaluate.model_of(as_shipped(state["model"], shape), shape)
    skills(encoder, fixtures / "skills.json", seed)
    models_json(model, gguf_path, pathlib.Path(gguf_path).with_name("models.json"))
    agreement = greedy(encoder, model, gguf_path, oracle, fixtures / "greedy.json")
    pathlib.Path(build, "agreement.json").write_text(json.dumps(agreement))
