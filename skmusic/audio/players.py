"""Play music: by the library sounddevice if it is installed, else by a program."""

import shutil
import subprocess
import tempfile
import time

import numpy as np

from skmusic.audio.playback import limited, write

# Programs that play standard input: their options, and whether they take bare samples
# there; the others take a wav file.
_PLAYERS = {
    "paplay": ("--raw --format=s16le --rate={sr} --channels={channels}", True),
    "aplay": ("-q -t raw -f S16_LE -r {sr} -c {channels} -", True),
    "ffplay": ("-nodisp -autoexit -loglevel error -f wav -i -", False),
    "mpv": ("--no-video --really-quiet -", False),
    "play": ("-q -t raw -r {sr} -e signed -b 16 -c {channels} -", True),
}


def play(blocks, sr, channels):
    """Play blocks ``(n_samples, n_channels)`` when they come; return when all is heard.

    Without a player it is a FileNotFoundError, without a sound device an OSError.
    """
    if device := _sounddevice():
        _play_on_device(device, blocks, sr, channels)
    else:
        _play_by_program(*_find_player(sr, channels), blocks, sr)


def check_player():
    """Refuse early, as `play` does, what would fail after a long time."""
    if device := _sounddevice():
        try:
            device.check_output_settings()
        except (device.PortAudioError, ValueError) as error:
            raise _no_device(error) from error
    else:
        _find_player(44100, 2)


def _sounddevice():
    """Return the library, or None if it is not installed."""
    try:
        import sounddevice
    except (ImportError, OSError):  # an OSError without the library PortAudio
        return None
    return sounddevice


def _no_device(error):
    reason = str(error).partition(" [")[0]
    return OSError(f"there is no sound device to play on ({reason})")


def _play_on_device(device, blocks, sr, channels):
    form = {"samplerate": sr, "channels": channels, "dtype": "float32"}
    try:
        with device.OutputStream(**form) as stream:  # closing waits for the end
            try:
                for x in limited(blocks):
                    stream.write(np.ascontiguousarray(x, np.float32))
            except BaseException:  # after Ctrl-C, too, it must be silent at once
                stream.abort()
                raise
    except device.PortAudioError as error:
        raise _no_device(error) from error


def _play_by_program(command, raw, blocks, sr):
    start, n_samples, complete = time.monotonic(), 0, False

    def counted():
        nonlocal n_samples
        for x in blocks:
            n_samples += len(x)
            yield x

    with tempfile.TemporaryFile() as errors:
        try:
            with subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=errors,
            ) as player:
                try:
                    write(counted(), player.stdin, sr, raw=raw)
                    complete = True
                except BaseException:  # after Ctrl-C, too, it must be silent at once
                    player.terminate()
                    raise
        except BrokenPipeError:  # someone closed it, or it failed and says why
            pass
        errors.seek(0)
        lines = errors.read().decode(errors="replace").split("\n")
    said = next((line.strip() for line in lines[::-1] if line.strip()), "")
    # Without a device some end with status 0, before the music could be over.
    early = not complete or time.monotonic() - start < n_samples / sr / 2
    if player.returncode or (early and said):
        reason = said[:200] or f"status {player.returncode}"
        raise OSError(f"{command[0]} could not play ({reason})")


def _find_player(sr, channels):
    """Return the command of a program, and whether it takes bare samples."""
    for name, (options, raw) in _PLAYERS.items():
        if program := shutil.which(name):
            return [program, *options.format(sr=sr, channels=channels).split()], raw
    raise FileNotFoundError(
        f'no player found; pip install "skmusic[play]", install one of '
        f"{', '.join(_PLAYERS)}, or leave out --play"
    )
