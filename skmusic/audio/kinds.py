"""Kinds of files, told by their first bytes: names may be wrong."""

# What libsndfile decodes begins with one of these.
_LIBSNDFILE = (
    b"RIFF", b"RIFX", b"RF64", b"riff", b"FORM", b".snd", b"dns.", b"caff", b"fLaC",
    b"OggS", b"Creative Voice File", b"NIST_1A", b"\x64\xa3", b"PVF1",
)  # fmt: skip
# The first box of an MPEG-4 or QuickTime file.
_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
# Sound that cannot be read.
_UNREADABLE = {
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11": "Windows Media",
    b"\x1a\x45\xdf\xa3": "Matroska or WebM",
    b"MAC ": "Monkey's Audio",
    b"wvpk": "WavPack",
    b"MPCK": "Musepack",
    b"MP+": "Musepack",
    b"TTA": "True Audio",
    b"tBaK": "TAK",
    b"OFR ": "OptimFROG",
    b"DSD ": "DSD",
    b"FRM8": "DSD",
    b".RMF": "RealAudio",
    b".ra\xfd": "RealAudio",
    b"#!AMR": "AMR",
    b"MThd": "MIDI",
    b"FLV\1": "Flash video",
    b"\x0b\x77": "AC-3",
    b"\x7f\xfe\x80\x01": "DTS",
}


def find_kind(file):
    """What decodes a seekable binary file, and what it is called if nothing does.

    The first is "libsndfile", "mpeg4", "aac", "mp3" (MPEG layer III, or a tag that may
    precede it), "unreadable" or "unknown".
    """
    file.seek(0)
    head = file.read(16)
    tagged = head[:3] == b"ID3"
    if tagged:
        file.seek(tag_size(head))
        head = file.read(16)
    file.seek(0)
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "unreadable", "AVI video"
    if head.startswith(_LIBSNDFILE):
        return "libsndfile", ""
    if head[4:8] in _BOXES:
        return "mpeg4", ""
    if head[:1] == b"\xff" and len(head) > 1:
        layer = head[1] & 0xF6
        if layer == 0xF0:  # a frame of ADTS
            return "aac", ""
        if layer & 0xE6 == 0xE2:  # layer III of MPEG 1, 2 or 2.5
            return "mp3", ""
    for magic, name in _UNREADABLE.items():
        if head.startswith(magic):
            return "unreadable", name
    return ("mp3" if tagged else "unknown"), ""


def tag_size(head):
    """Bytes of an ID3v2 tag that begins with these ten; 0 if there is none."""
    if head[:3] != b"ID3" or len(head) < 10:
        return 0
    size = 0
    for byte in head[6:10]:
        size = size << 7 | byte & 0x7F
    return 10 + size
