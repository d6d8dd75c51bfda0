"""Says that there is no `asyncio` here: the interpreter's own one needs a browser."""


def __getattr__(name):
    if name[:2] == "__":
        raise AttributeError(name)
    raise ImportError("asyncio is not on the virtual board")
