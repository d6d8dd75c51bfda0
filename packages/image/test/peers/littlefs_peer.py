"""Real littlefs on images: reads, writes on, makes with a seed, and cuts the power.

One JSON request on standard input, one JSON answer on standard output; images and file contents are base64.
"""

import base64
import json
import random
import sys

from littlefs import LittleFS, UserContext, lfs


def b64(data):
    return base64.b64encode(bytes(data)).decode()


def open_fs(image, config, context=None):
    context = context or UserContext(buffer=bytearray(image))
    fs = LittleFS(context=context, mount=False, **config)
    fs.mount()
    return fs


def listing(fs):
    """Every path with its kind, content and time attribute, by path."""
    found = []
    for root, folders, files in fs.walk("/"):
        base = root.rstrip("/")
        for name in folders:
            found.append({"path": base + "/" + name, "kind": "directory"})
        for name in files:
            path = base + "/" + name
            with fs.open(path, "rb") as f:
                entry = {"path": path, "kind": "file", "data": b64(f.read())}
            try:
                entry["mtime"] = b64(fs.getattr(path, 1))
            except lfs.errors.LittleFSError:
                pass
            found.append(entry)
    return sorted(found, key=lambda e: e["path"])


def name(rng):
    letters = "abcdefghijklmnopqrstuvwxyz0123456789_-. äß"
    size = rng.choice([1, 3, 8, 8, 8, 20, 60])
    text = "".join(rng.choice(letters) for _ in range(size))
    return text if text.strip(".") else "dots" + str(rng.randrange(1000))


def content(rng, largest):
    size = rng.choice([0, 1, 20, 100, 128, 129, 500, 1000, 4096, 5000, 20000, largest])
    return rng.randbytes(min(rng.randrange(size + 1) if rng.random() < 0.5 else size, largest))


class Player:
    """Applies random operations to a file system, ignoring those that it refuses."""

    def __init__(self, fs, rng, largest):
        self.fs, self.rng, self.largest = fs, rng, largest

    def paths(self):
        files, folders = [], [""]
        for root, names, leaves in self.fs.walk("/"):
            base = root.rstrip("/")
            folders += [base + "/" + n for n in names]
            files += [base + "/" + n for n in leaves]
        return sorted(files), sorted(folders)

    def step(self):
        rng, fs = self.rng, self.fs
        files, folders = self.paths()
        new = rng.choice(folders) + "/" + name(rng)
        what = rng.choice(["new", "new", "new", "mkdir", "overwrite", "append", "rename", "rename", "remove", "attr"])
        if what == "mkdir":
            fs.mkdir(new)
        elif what == "new" or not files:
            self.write(new, "wb")
        elif what == "overwrite":
            self.write(rng.choice(files), "wb")
        elif what == "append":
            self.write(rng.choice(files), "ab")
        elif what == "rename":
            old = rng.choice(files + folders[1:])
            # littlefs would move a directory into itself, and lose it.
            if not new.startswith(old + "/"):
                fs.rename(old, new)
        elif what == "remove":
            fs.remove(rng.choice(files + folders[1:]))
        elif what == "attr":
            fs.setattr(rng.choice(files), 1, rng.randbytes(8))

    def write(self, path, mode):
        data = content(self.rng, self.largest)
        with self.fs.open(path, mode) as f:
            for at in range(0, len(data), 700):
                f.write(data[at : at + 700])

    def play(self, steps):
        for _ in range(steps):
            try:
                self.step()
            except (lfs.errors.LittleFSError, OSError):
                pass


class Recorder(UserContext):
    """Keeps the flash as it is after each program, or in the middle of one, as a loss of power would leave it."""

    def __init__(self, size, keep):
        super().__init__(size)
        self.count, self.keep, self.kept = 0, keep, []

    def prog(self, cfg, block, off, data):
        self.count += 1
        if self.count % self.keep == 0:
            torn = bytearray(self.buffer)
            start = block * cfg.block_size + off
            half = len(data) // 2
            torn[start : start + half] = data[:half]
            self.kept.append(torn)
        result = super().prog(cfg, block, off, data)
        if self.count % self.keep == 1:
            self.kept.append(bytearray(self.buffer))
        return result


def read(request):
    """Lists the image, then writes on and lists again."""
    image = base64.b64decode(request["image"])
    fs = open_fs(image, request["config"])
    before = listing(fs)
    answer = {"entries": before, "usedBlocks": fs.used_block_count}
    if "seed" in request:
        Player(fs, random.Random(request["seed"]), 3000).play(request["steps"])
        fs.unmount()
        grown = bytes(fs.context.buffer)
        answer["grown"] = {"image": b64(grown), "entries": listing(open_fs(grown, request["config"]))}
    return answer


def make(request):
    """Formats, plays, and lists after a fresh mount."""
    config = request["config"]
    context = UserContext(config["block_size"] * config["block_count"])
    fs = LittleFS(context=context, mount=False, **config)
    fs.format()
    fs.mount()
    Player(fs, random.Random(request["seed"]), request["largest"]).play(request["steps"])
    fs.unmount()
    image = bytes(context.buffer)
    fs = open_fs(image, config)
    return {"image": b64(image), "entries": listing(fs), "usedBlocks": fs.used_block_count}


def cut(request):
    """Plays with the power cut again and again; each snapshot with what littlefs itself finds in it."""
    config = request["config"]
    recorder = Recorder(config["block_size"] * config["block_count"], request["keep"])
    fs = LittleFS(context=recorder, mount=False, **config)
    fs.format()
    fs.mount()
    recorder.kept.clear()
    Player(fs, random.Random(request["seed"]), request["largest"]).play(request["steps"])
    snapshots = []
    for image in recorder.kept:
        fs = open_fs(image, config)
        # Until its first write littlefs also hides the neighbour of a file whose move was cut in two.
        lfs.fs_mkconsistent(fs.fs)
        snapshots.append({"image": b64(image), "entries": listing(fs)})
    return {"snapshots": snapshots}


def main():
    request = json.load(sys.stdin)
    answers = [{"read": read, "make": make, "cut": cut}[job["verb"]](job) for job in request]
    json.dump(answers, sys.stdout)


main()
