"""One at a time: some wait for their turn, the others are sent away."""

import contextlib
import threading


class Busy(Exception):
    """There is no turn now; `retry_after` says in how many seconds to ask again."""

    retry_after = 5


class Turns:
    """Lets one in at a time.

    So many may wait, others are refused at once; who waits longer than `patience`, in
    seconds, is refused too.
    """

    def __init__(self, most_waiting, patience):
        self.most_waiting, self.patience = most_waiting, patience
        self._turn, self._lock, self._n = threading.Lock(), threading.Lock(), 0

    def take(self):
        """Wait for the turn, and have it until `give` is called by any thread.

        `Busy` says that too many wait, or that the turn does not come.
        """
        with self._lock:
            if self._n > self.most_waiting:
                raise Busy("others wait already")
            self._n += 1
        if not self._turn.acquire(timeout=self.patience):
            with self._lock:
                self._n -= 1
            raise Busy("the turn did not come")

    def give(self):
        """Let the next one in."""
        self._turn.release()
        with self._lock:
            self._n -= 1

    @contextlib.contextmanager
    def turn(self):
        """Have the turn in a block."""
        self.take()
        try:
            yield
        finally:
            self.give()
