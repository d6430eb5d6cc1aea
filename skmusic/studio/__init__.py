"""The studio: a page in the browser to learn, listen and keep, for one machine.

A server of the standard library gives the page to this machine alone. What it is asked
passes the guards, then a `Studio` does it: with a model that composes, or a folder of
recordings to learn from. All that it makes lies in a temporary folder, which goes with
it. The page itself needs no build and no network.
"""
