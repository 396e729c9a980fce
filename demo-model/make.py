"""From nothing to a GGUF: `python demo-model/make.py`. Runs again where it was stopped."""

import argparse
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("verb", nargs="?", default="all", choices=["all", "resume", "train", "export", "evaluate", "fixtures"])
    p.add_argument("--build", default="target/demo-model", help="folder of checkpoints and logs, never committed")
    p.add_argument("--out", default="public/models/moescope-demo.gguf")
    p.add_argument("--mixture", default=str(HERE / "mixture.json"))
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--minutes", type=float, default=80, help="training time; the learning rate falls to zero at its end")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--oracle", default=".", help="folder whose node_modules holds node-llama-cpp, for the greedy fixture")
    a = p.parse_args()
    if a.verb == "resume":  # go on from the shipped file where there is no checkpoint
        import resume
        resume.run(a.build, a.out)
    if a.verb in ("all", "train"):
        import train
        train.run(a.build, a.mixture, a.seed, a.minutes, a.threads)
    if a.verb in ("all", "export"):
        import export
        export.run(a.build, a.out)
    if a.verb in ("all", "evaluate"):
        import evaluate
        evaluate.run(a.build)
    if a.verb in ("all", "fixtures"):
        import fixtures
        fixtures.run(a.build, a.out, a.oracle)


if __name__ == "__main__":
    main()
