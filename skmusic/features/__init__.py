"""What is heard of music: bands, patches, beats, keys, styles, what returns."""
