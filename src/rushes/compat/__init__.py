"""Doors for programs written for older systems: the names and signatures they know, over what is here.

One module per system. Change the import line and the program runs.
"""
