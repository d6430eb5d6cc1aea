"""What is heard in a frame: bands, tokens, chroma, onsets, fingerprints, levels."""
