"""The most that anything may ask for: one table, read wherever something is refused.

Beyond these stands no music, but an axis, a unit or a file that was mistaken.
"""

# Channels of a waveform.
MOST_CHANNELS = 64
# Samples in a window.
MOST_WINDOW = 2**20
# Samples in a step of about 23 ms, or in a hop if that is longer.
MOST_STEP = 2**20
# Samples in a second.
MOST_RATE = 1e9
# Steps in a segment of a recording: some six hours.
MOST_SEGMENT = 2**20
# Peak of a waveform, where 1 is full scale, above which its unit was mistaken: music of
# 8 bits or more, taken as it is, goes beyond.
MOST_PEAK = 120.0
# A 2-D array of so many rows, of so few columns, is one recording, not so many.
MANY_ROWS, FEW_COLUMNS = 256, 8
# Frames in a second of music above which each says next to nothing, and costs a step.
MANY_FRAMES = 2000
