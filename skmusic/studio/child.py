"""The process that learns: it can be ended at any time and gives back its memory.

It reads one line of JSON, what to learn; writes lines of JSON, how it goes; and keeps
what it learned in a file. Now and then it makes a short piece with what it has learned
so far. When the line "stop" comes it ends training and keeps what was learned so far.
When its parent is gone it ends.
"""

import _thread
import json
import os
import signal
import sys
import threading
import time
import warnings

# Seconds of a piece of what was learned so far. The next one waits at least so many
# seconds, and so many times as long as this one took.
_LENGTH, _LEAST, _TIMES = 8, 5, 20
# Where the parent reads.
_parent = sys.stdout


def main():
    """Learn as the parent asks; see `skmusic.studio.learning`."""
    global _parent
    # What libraries print must not come between the lines for the parent.
    _parent = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    # A studio that a script started in the background has it ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    asked = json.loads(sys.stdin.readline())
    training = threading.Event()
    threading.Thread(target=_listen, args=[training], daemon=True).start()
    warnings.simplefilter("always", UserWarning)
    warnings.showwarning = lambda message, *_: _tell(warning=str(message))
    try:
        _learn(asked, training)
    except (OSError, ValueError, ImportError, MemoryError) as error:
        _tell(error=str(error) or type(error).__name__)
        return 1
    return 0


def _listen(training):
    """End training when it is asked for, and all when the parent is gone."""
    for line in sys.stdin:
        if line.strip() == "stop" and training.is_set():
            _thread.interrupt_main()
    os._exit(1)


def _learn(asked, training):
    from skmusic import save

    try:
        pipe = _fitted(asked, training)
        training.clear()
    except KeyboardInterrupt:  # it came just after training
        training.clear()
        pipe = _fitted(asked, training, epochs=asked["done"])
    # As if no more had been asked for: the same file as one of so many epochs, without
    # what only training needs.
    pipe[-1].set_params(epochs=pipe[-1].n_iter_)
    pipe[-1].training_ = None
    save(pipe, asked["out"])
    _tell(done=pipe[-1].n_iter_)


def _fitted(asked, training, epochs=None):
    from skmusic import FFTFeaturizer, Pipeline, StatefulLSTMGenerator
    from skmusic.utils.arguments import check_backend

    check_backend()

    due = 0

    def on_epoch(record):
        nonlocal due
        asked["done"] = record["epoch"]
        last = record["epoch"] == asked["epochs"]
        training.clear() if last else training.set()
        _tell(epoch=record)
        if (began := time.monotonic()) >= due:
            _play(pipe, record["epoch"], asked)
            now = time.monotonic()
            due = now + max(_LEAST, _TIMES * (now - began))

    generator = StatefulLSTMGenerator(
        asked["synthesis"],
        epochs=epochs or asked["epochs"],
        checkpoint_dir=asked["checkpoint"],
        callbacks=[on_epoch],
        random_state=asked["random_state"],
    )
    pipe = Pipeline([FFTFeaturizer(on_error="warn"), generator])
    return pipe.fit(asked["songs"])


def _play(pipe, epoch, asked):
    """Make a piece of what was learned so far, always with the same chance."""
    from skmusic.audio.playback import faded

    try:
        music = pipe.sample(seconds=_LENGTH, random_state=asked["random_state"])
        (x,) = faded([music], len(music), music.sr)
        x.astype("<f4").tofile(os.path.join(asked["heard"], str(epoch)))
    except (OSError, ValueError, MemoryError) as error:
        _tell(warning=f"no piece could be made after pass {epoch} ({error})")
    else:
        _tell(heard={"epoch": epoch, "sr": music.sr, "channels": x.shape[1]})


def _tell(**what):
    print(json.dumps(what), file=_parent, flush=True)


if __name__ == "__main__":
    # The thread that listens holds standard input, which Python would wait for.
    os._exit(main())
