"""The most that anything may ask for: one table, read wherever something is refused.

Beyond these stands no music, but an axis, a unit or a file that was mistaken.
"""

# Channels of a waveform.
MOST_CHANNELS = 64
# Sampling rates in Hz that a recording may have, or be resampled to.
RATES = range(100, 1_000_001)
# Samples in a window.
MOST_WINDOW = 2**20
# Samples in a step of about 23 ms, or in a hop if that is longer.
MOST_STEP = 2**20
# Samples in a second of frames, which need be no sound.
MOST_RATE = 1e9
# Seconds of a piece: a day.
MOST_SECONDS = 86_400
# Beats a minute that may be asked for.
TEMPI = 40, 240
# Seconds of music below which pieces are little more than loops of it.
LITTLE_MUSIC = 60
# Peak of a waveform, where 1 is full scale, above which its unit was mistaken: music of
# 8 bits or more, taken as it is, goes beyond.
MOST_PEAK = 120.0
# Some files hold integers as floats, up to 2 ** 31. Larger values are damaged bits.
LOUDEST = 1e10
# A 2-D array of so many rows, of so few columns, is one recording, not so many.
MANY_ROWS, FEW_COLUMNS = 256, 8
# Frames in a second of music above which each says next to nothing, and costs a step.
MANY_FRAMES = 2000
# A file may unfold to these bytes of samples in single precision, or to so many times
# its own size. Speech codecs of the lowest bit rates reach half of that.
SURE_SIZE, MOST_TIMES = 1 << 28, 1000
# Mending takes memory for the whole MP3. Beyond these bytes, 14 hours, none is mended.
MOST_MP3 = 1 << 31
