"""Prints the measured tables of the model card from `report.json` (made by `make.py evaluate`)."""

import json
import pathlib
import sys

FLOORS = {"addition, two digits": 95, "subtraction, two digits": 95, "recall over 256 tokens or more": 95,
          "story questions": 85, "CSV to JSON": 85, "JSON to CSV": 85, "JSON and CSV, all kinds": 85, "translation": 90}


def main(build):
    r = json.loads(pathlib.Path(build, "report.json").read_text())
    print(f"{r['n']} held-out questions per line, greedy, seed {r['seed']}; step {r['step']}, {r['tokens']:,} tokens, {r['seconds'] / 60:.0f} minutes\n")
    print("| skill | f32 | as shipped (Q8_0) | floor | reached |\n|---|---|---|---|---|")
    for name, share in r["shipped"].items():
        floor = FLOORS.get(name)
        print(f"| {name} | {100 * r['f32'][name]:.1f} % | {100 * share:.1f} % | {f'{floor} %' if floor else ''} | {'' if not floor else 'yes' if 100 * share >= floor else '**no**'} |")
    print("\n| layer | least used expert | most used expert | divergence between skills |\n|---|---|---|---|")
    for i, load in enumerate(r["load"]):
        print(f"| {i} | {min(load):.2f} | {max(load):.2f} | {r['divergence_bits'][i]:.3f} bits |")


if __name__ == "__main__":
    main(sys.argv[1])
