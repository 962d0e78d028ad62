"""Which coded pictures can be given, where some were lost (pure)."""

from __future__ import annotations

__all__ = ["Groups"]


class Groups:
    """Leaves out whole ends of groups of pictures: what builds upon a lost picture is of no use.

    Begins, as after :meth:`restart`, in the middle of a group whose key frame never came.
    """

    def __init__(self) -> None:
        self._lost = "no key frame"

    def restart(self) -> None:
        """What comes next builds upon nothing before it."""
        self._lost = "no key frame"

    def judge(self, keyframe: bool, *, fits: bool = True, damaged: bool = False) -> str:
        """Why the next picture cannot be given: "no key frame", "damaged", "behind"; empty when it can.

        ``fits``: there is room for it. ``damaged``: one right before it was lost.
        """
        if keyframe:
            self._lost = ""
        elif damaged and not self._lost:
            self._lost = "damaged"
        if not self._lost and not fits:
            self._lost = "behind"
        return self._lost
