"""State machines whose tasks and polled objects live as long as the state that made them."""


class StateMachine:
    """Declared states and transitions over a loop; starts in "initial", which has no callback.

    A transition never happens inside the caller's stack: it is a task.
    """

    def __init__(self, loop, name):
        self.name = name
        self.state = "initial"
        self._loop = loop
        self._callbacks = {"initial": None}
        self._transitions = []
        self._observers = {}
        self._tasks = []
        self._polled = []

    def add_state(self, name, callback):
        """callback() is called when the state is entered."""
        self._callbacks[name] = callback

    def add_transition(self, source, target):
        self._transitions.append((source, target))

    def attach(self, task):
        """Binds a task to the current state."""
        self._tasks.append(task)
        return task

    def detach(self, task):
        if task in self._tasks:
            self._tasks.remove(task)

    def recurring_task(self, name, callback, period_ms, fudge_ms=0):
        return self.attach(self._loop.recurring(name, callback, period_ms, fudge_ms))

    def onetime_task(self, name, callback, delay_ms, fudge_ms=0):
        def run(task):
            self.detach(task)
            callback(task)

        return self.attach(self._loop.once(name, run, delay_ms, fudge_ms))

    def poll_object(self, name, obj, mask, callback):
        """Polls under the global name <machine>_<name> until the state is left."""
        name = self.name + "_" + name
        self._loop.poll_object(name, obj, mask, callback)
        if name not in self._polled:
            self._polled.append(name)

    def unpoll_object(self, name):
        name = self.name + "_" + name
        if name in self._polled:
            self._polled.remove(name)
        self._loop.unpoll_object(name)

    def cancel_state_tasks(self):
        """Cancels everything that is bound to the current state."""
        for task in self._tasks:
            task.cancel()
        for name in self._polled:
            self._loop.unpoll_object(name)
        self._tasks.clear()
        self._polled.clear()

    def schedule_trans(self, target, delay_ms, fudge_ms=0):
        """Goes to target later; returns the task, whose restart() makes it an inactivity timer."""
        name = f"{self.name}${self.state}${target}"
        return self.onetime_task(name, lambda _task: self._enter(target), delay_ms, fudge_ms)

    def schedule_trans_now(self, target):
        """Cancels everything bound to the state, then goes to target in the next turn."""
        self.cancel_state_tasks()
        return self.schedule_trans(target, 0)

    def observe(self, name, state, callback):
        """Calls callback() once: at once in that state, or when it is next entered.

        One observer a name; a later one replaces an earlier one.
        """
        if self.state == state:
            self._observers.pop(name, None)
            callback()
        else:
            self._observers[name] = (state, callback)

    def unobserve(self, name):
        self._observers.pop(name, None)

    def _enter(self, target):
        if (self.state, target) not in self._transitions or target not in self._callbacks:
            self._loop.say(f"{self.name}: no transition {self.state} -> {target}")
            return
        self._loop.say(f"{self.name}: {self.state} -> {target}")
        self.cancel_state_tasks()
        self.state = target
        callback = self._callbacks[target]
        if callback is not None:
            callback()
        for name, (state, observer) in list(self._observers.items()):
            if state == target and self._observers.get(name) == (state, observer):
                del self._observers[name]
                observer()
