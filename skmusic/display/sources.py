"""The recordings that pieces play: for how long, and the stretches themselves."""

import numpy as np

from skmusic.display.html import inline_figure

# Seconds of a stretch at least, of all stretches on a page at most, between two of
# them, and in what parts it is counted which are there already.
_LEAST, _MOST, _GAP, _CELL = 1.0, 120.0, 0.05, 0.01


def timeline(display, name):
    """Picture of where a piece comes from, and the table that says the same.

    Parameters
    ----------
    display : OriginDisplay
        Of the piece.
    name : str
        Of the piece.

    Returns
    -------
    dict
        ``rows`` of the table, one a recording, and the ``figure``.
    """
    rows = []
    seconds = display.segments["length"].sum() * display.frame_seconds
    for recording, share in display.shares().items():
        lengths = display.segments["length"][display.segments["recording"] == recording]
        row = {
            "recording": recording,
            "name": display.name(recording),
            "share": share,
            "seconds": share * seconds,
            "segments": len(lengths),
            "longest": lengths.max() * display.frame_seconds,
            "color": f"c{recording % 10}",
        }
        rows.append(row)
    alt = (
        f"Timeline of {name}: {len(display.segments)} segments of {len(rows)} "
        "recordings; the table that follows has the numbers"
    )
    height = 0.7 + 0.25 * len(rows)
    return {
        "rows": rows,
        "figure": inline_figure(display.plot, alt, width=9, height=height),
    }


def played(timelines):
    """How long each recording is played.

    Parameters
    ----------
    timelines : list of dict
        Of the pieces, as `timeline` gives them.

    Returns
    -------
    list of dict
        Of each recording that is played its ``name``, its ``seconds`` in each piece,
        and the ``total``, the longest first.

    Examples
    --------
    >>> from skmusic.display.sources import played
    >>> row = {"recording": 4, "name": "a.wav", "seconds": 2.5}
    >>> played([{"rows": [row]}, {"rows": []}])
    [{'name': 'a.wav', 'seconds': [2.5, 0.0], 'total': 2.5}]
    """
    names = {row["recording"]: row["name"] for t in timelines for row in t["rows"]}
    found = []
    for recording, name in names.items():
        seconds = [
            sum((r["seconds"] for r in t["rows"] if r["recording"] == recording), 0.0)
            for t in timelines
        ]
        found.append({"name": name, "seconds": seconds, "total": sum(seconds)})
    return sorted(found, key=lambda row: -row["total"])


def stretches(displays, clips, format):
    """Sound of what the segments play, as it stands in the recordings.

    Parameters
    ----------
    displays : list of OriginDisplay
        Of the pieces.
    clips : list of skmusic.metrics.reference.ReferenceClip
        What there is of the recordings.
    format : skmusic.spectra.frames.FrameFormat
        Of the frames that are counted.

    Returns
    -------
    sound : ndarray of shape (n_samples,)
        Stretches one after another, mono, two minutes at most: those of the longest
        segments. What follows a segment of less than a second is heard too.
    tables : list of list of dict
        Of each piece its segments: ``start`` and ``length`` in the piece, the ``row``
        of the timeline, the ``name`` of the recording and where the segment is in it,
        ``position``, all in seconds; and, where ``sound`` has it, from where on and
        for how long: ``offset``, ``seconds``.
    """
    tables = [_segments(display, format) for display in displays]
    every = sorted((s for t in tables for s in t), key=lambda s: -s["length"])
    wanted, heard, cell = [], set(), max(1, round(_CELL * format.sr))
    for segment in every:
        if found := _place(segment, clips, format.sr):
            clip, first, last = found
            more = {(clip, i) for i in range(first // cell, last // cell)} - heard
            if (len(heard) + len(more)) * _CELL <= _MOST:
                heard |= more
                wanted.append((*found, segment))
    wanted.sort(key=lambda each: each[:3])
    gap, parts, end, at = np.zeros(round(_GAP * format.sr), np.float32), [], 0, 0
    for i, (clip, first, last, segment) in enumerate(wanted):
        if not i or wanted[i - 1][0] != clip or first > end:
            parts += [gap]
            at, end = at + len(gap), first
        # What two segments both play stands there once.
        segment["offset"] = (at - (end - first)) / format.sr
        segment["seconds"] = (last - first) / format.sr
        if last > end:
            parts.append(clips[clip].music[end:last].mean(axis=1))
            at, end = at + last - end, last
    return np.concatenate([*parts, gap]), tables


def _segments(display, format):
    rows = {recording: row for row, recording in enumerate(display.shares())}
    # From the middle of a frame, half a hop to either side.
    lead = format.N // 2 - format.overlap - format.hop_length // 2
    return [
        {
            "start": round(s["start"] * display.frame_seconds, 4),
            "length": round(s["length"] * display.frame_seconds, 4),
            "row": rows[int(s["recording"])],
            "name": display.name(s["recording"]),
            "recording": int(s["recording"]),
            "position": max(0, s["frame"] * format.hop_length + lead) / format.sr,
        }
        for s in display.segments
    ]


def _place(segment, clips, sr):
    """Number of the clip that has the beginning of a segment, and samples of it."""
    for i, clip in enumerate(clips):
        first = round((segment["position"] - clip.start) * sr)
        if clip.recording == segment["recording"] and 0 <= first < len(clip.music):
            n_samples = round(max(segment["length"], _LEAST) * sr)
            return i, first, min(first + n_samples, len(clip.music))
    return None
