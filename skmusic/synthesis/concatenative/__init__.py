"""Plays recorded units: which one comes next, and how it joins."""
