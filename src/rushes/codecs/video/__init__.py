"""Moving pictures: reading and writing video, and what its library does to single pictures.

:mod:`demux` reads files, cameras and network streams, :mod:`writer` records, :mod:`scale` converts and
resizes, :mod:`redact` takes the password out of an address. This package alone names PyAV; everybody else
sees plain arrays and the records of :mod:`media`. Importing the package loads nothing of it.
"""

from __future__ import annotations
