"""Runs the steps of the Dockerfile without an engine: each stage in a folder of its own, on this machine's own toolchain.

    python3 image.py CHECKOUT FOLDER

A base image is taken for what this machine has; a later stage begins with a copy of the one it is based on. Prints what
the last stage would add to its base, in bytes.
"""

import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path


def steps(text: str) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile, in their order: (instruction, what follows it)."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [(word.upper(), rest.strip()) for word, _, rest in (line.partition(" ") for line in joined.splitlines() if line)]


def sent(checkout: Path) -> list[Path]:
    """The tracked files that .dockerignore lets into the build, relative to the checkout."""
    listed = subprocess.run(["git", "ls-files"], cwd=checkout, check=True, capture_output=True, text=True)
    patterns = [line for line in (checkout / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]

    def is_sent(file: str) -> bool:
        kept = True
        for pattern in patterns:
            name = pattern.removeprefix("!")
            if fnmatch.fnmatch(file, name) or file.startswith(f"{name}/"):
                kept = pattern != name
        return kept

    return [Path(file) for file in listed.stdout.splitlines() if is_sent(file)]


class Stage:
    """A stage: its files, and what its steps run with."""

    def __init__(self, root: Path, base: "Stage | None") -> None:
        self.root, self.added = root, []
        self.workdir = base.workdir if base else Path("/")
        self.env = dict(base.env) if base else {}
        if base:
            shutil.copytree(base.root, root, symlinks=True)
        root.mkdir(parents=True, exist_ok=True)

    def path(self, text: str) -> Path:
        return self.root / (self.workdir / text).relative_to("/")

    def run(self, command: str) -> None:
        # What `cargo install` leaves belongs to the stage as well.
        tools = self.root / "usr/local/cargo"
        path = f"{tools}/bin:{os.environ['PATH']}"
        env = {**os.environ, "CARGO_INSTALL_ROOT": str(tools), "PATH": path, **self.env}
        for variable in ("CARGO_TARGET_DIR", "CI"):
            env.pop(variable, None)
        print(f"== {command}", flush=True)
        subprocess.run(["bash", "-euc", command], cwd=self.path("."), env=env, check=True)

    def copy(self, source: Path, target: str) -> None:
        to = self.path(target)
        to = to / source.name if target.endswith(("/", ".")) else to
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, to)
        self.added.append(to)


def build(checkout: Path, folder: Path) -> Stage:
    """Runs all steps, and gives back the last stage."""
    stages: dict[str, Stage] = {}
    stage = Stage(folder / "none", None)
    for word, rest in steps((checkout / "Dockerfile").read_text()):
        words = rest.split()
        match word:
            case "FROM":
                name = words[2] if len(words) == 3 else "image"
                stage = stages[name] = Stage(folder / name, stages.get(words[0]))
            case "WORKDIR":
                stage.workdir = stage.workdir / rest
                stage.path(".").mkdir(parents=True, exist_ok=True)
            case "ENV":
                stage.env.update(pair.split("=", 1) for pair in words)
            case "RUN":
                stage.run(rest)
            case "COPY" if words[0].startswith("--from="):
                source = stages[words[0].removeprefix("--from=")]
                stage.copy(source.path(words[1]), words[2])
            case "COPY":
                for file in sent(checkout):
                    target = stage.path(words[1]) / file
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(checkout / file, target)
            case "LABEL" | "USER" | "EXPOSE" | "ENTRYPOINT":
                pass
            case _:
                sys.exit(f"image.py does not know {word}")
    return stage


def main() -> None:
    checkout, folder = (Path(argument).resolve() for argument in sys.argv[1:])
    if folder.exists() and any(folder.iterdir()):
        sys.exit(f"{folder} is not empty: name a folder that is")
    image = build(checkout, folder)
    sizes = {f"/{file.relative_to(image.root)}": file.stat().st_size for file in image.added}
    print(json.dumps({"added": sizes, "bytes": sum(sizes.values())}))


if __name__ == "__main__":
    main()
