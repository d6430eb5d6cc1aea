"""Draws features step by step and makes them sound."""
