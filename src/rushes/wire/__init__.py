"""Frames between processes and machines: what a message says, where it goes, and what became of each number.

Deciding is done in pure modules, doing in thin drivers around them:

* ``message``: a header of plain data and a buffer of pixels, read without trust and without a copy.
* ``endpoint``: an address such as ``tcp://host:port?track=a``, taken apart and checked.
* ``flow``: gaps in the numbers, the bounded ring between a socket and its readers, and order again after it.

Nothing here is unpickled, ever: a message from a stranger can be wrong, but it cannot run.
"""

from __future__ import annotations
