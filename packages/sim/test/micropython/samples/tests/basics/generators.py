def numbers(n):
    while n:
        got = yield n
        n = n - 1 if got is None else got


gen = numbers(3)
print(next(gen), gen.send(10), list(gen))


class Guard:
    def __enter__(self):
        print("in")

    def __exit__(self, *how):
        print("out", how[0])
        return True


with Guard():
    raise ValueError
print(dict(a=1, **{"b": 2}), (lambda *a, k=3: (a, k))(1, 2, k=4))
