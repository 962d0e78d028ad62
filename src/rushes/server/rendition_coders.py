"""From a frame's pixels to the bytes that viewers get: one coder for each coding. One thread at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from rushes.codecs import jpeg
from rushes.errors import FrameError, MissingExtra
from rushes.frame import picture_size
from rushes.server import fmp4
from rushes.server.rendition_key import size_of

if TYPE_CHECKING:
    from rushes.codecs.colour import Pixels
    from rushes.codecs.video.live import LiveEncoder, Sample
    from rushes.codecs.video.stamps import Stamps
    from rushes.server.rendition_key import RenditionKey

__all__ = ["Coded", "Coder", "coder_for"]

_GOP_S = 2.0
_PICTURES = ("bgr24", "rgb24", "bgra", "gray8", "i420")


class Coded(NamedTuple):
    """``mime``, ``width``, ``height`` and ``init`` (bytes for the decoder before the first picture) seldom change."""

    payload: bytes
    key: bool
    mime: str
    width: int
    height: int
    init: bytes | None = None


class Coder(Protocol):
    """Makes one rendition."""

    def code(self, array: Pixels, format: str, captured_ns: int, *, key: bool) -> Coded:
        """The picture, coded; ``key``: so that it can be decoded without others.

        FrameError for pixels that are no picture, EncodeError when the coder fails.
        """


def coder_for(key: RenditionKey, fps: float) -> Coder:
    """The coder for a rendition of a channel of about ``fps`` frames a second, 0 if unknown."""
    rate = min(each for each in (key.fps, fps, 1000.0) if each > 0) if key.fps or fps else 0.0
    if key.codec == "jpeg":
        return _Jpeg(key.width, key.quality)
    return (_Mp4 if key.codec == "fmp4" else _H264)(key.width, key.quality, rate)


def scaled(array: Pixels, format: str, width: int, *, even: bool) -> tuple[Pixels, str, int, int]:
    """The picture at a rendition's size: pixels, format, width, height. A JPEG is decoded first."""
    if format == "jpeg":
        array, format = jpeg.decode(array, "bgr24"), "bgr24"
    if format not in _PICTURES:
        raise FrameError(
            f"frames of format {format!r} cannot be shown", shape=tuple(array.shape), format=format
        )
    height_now, width_now = picture_size(array.shape, format)
    wide, high = size_of(width, width_now, height_now, even=even or format == "i420")
    if (wide, high) != (width_now, height_now):
        try:
            from rushes.codecs.video.scale import resize
        except ImportError as error:
            raise MissingExtra(
                "smaller pictures need rushes[video]; ask for w=0", extra="video", name=error.name or "av"
            ) from error
        array = resize(array, format, wide, high)
    return array, format, wide, high


class _Jpeg:
    def __init__(self, width: int, quality: int) -> None:
        self._width, self._quality = width, quality

    def code(self, array: Pixels, format: str, captured_ns: int, *, key: bool) -> Coded:
        if format == "jpeg" and not self._width:
            # As the camera made it: coded again it could only lose.
            height, width = jpeg.read_size(array)
            return Coded(array.tobytes(), True, "image/jpeg", width, height)
        pixels, format, width, height = scaled(array, format, self._width, even=False)
        return Coded(jpeg.encode(pixels, format, self._quality), True, "image/jpeg", width, height)


class _H264:
    """Annex B, for decoders that are fed picture by picture."""

    def __init__(self, width: int, quality: int, fps: float) -> None:
        self._width, self._quality, self.fps = width, quality, fps
        self._encoder: LiveEncoder | None = None
        self._name = ""

    def code(self, array: Pixels, format: str, captured_ns: int, *, key: bool) -> Coded:
        sample, width, height = self._sample(array, format, captured_ns, key)
        return Coded(sample.data, sample.key, self._name, width, height)

    def _sample(self, array: Pixels, format: str, captured_ns: int, key: bool) -> tuple[Sample, int, int]:
        pixels, format, width, height = scaled(array, format, self._width, even=True)
        encoder = self._encoder
        if encoder is None or (encoder.width, encoder.height) != (width, height):
            encoder = self._encoder = self._new(width, height)
        sample = encoder.encode(pixels, format, captured_ns, key=key)
        if sample.key:
            self._name = fmp4.codec_name(sample.data)
        return sample, width, height

    def _new(self, width: int, height: int) -> LiveEncoder:
        try:
            from rushes.codecs.video.live import LiveEncoder
        except ImportError as error:
            raise MissingExtra(
                "H.264 needs rushes[video]; ask for codec=jpeg", extra="video", name=error.name or "av"
            ) from error
        return LiveEncoder(width, height, quality=self._quality, fps=self.fps, gop_s=_GOP_S)


class _Mp4:
    """One fragment of MP4 for each picture."""

    def __init__(self, width: int, quality: int, fps: float) -> None:
        self._inner = _H264(width, quality, fps)
        self._times: Stamps | None = None
        self._count = 0
        self._init: bytes | None = None
        self._described: tuple[str, int, int] | None = None

    def code(self, array: Pixels, format: str, captured_ns: int, *, key: bool) -> Coded:
        made = self._inner.code(array, format, captured_ns, key=key)
        if self._times is None:
            from rushes.codecs.video.stamps import Stamps

            self._times = Stamps(self._inner.fps, _GOP_S)
        ticks, _ = self._times.stamp(captured_ns, made.key)
        if made.key and self._described != made[2:5]:
            from rushes.codecs.video.live_head import mp4_head

            self._described, self._init = made[2:5], mp4_head(made.payload, self._inner.fps)
        self._count += 1
        payload = fmp4.fragment(self._count, ticks, self._times.usual, made.payload, key=made.key)
        return made._replace(payload=payload, mime=f'video/mp4; codecs="{made.mime}"', init=self._init)
