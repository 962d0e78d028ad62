"""What a user's function is, what it is given and what may come of it.

A function is known to other processes by its name alone, ``package.module:function``; its code and what it closes over
never travel.
"""

from __future__ import annotations

import importlib
import sys
import types
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from rushes.clock import SYSTEM
from rushes.errors import ConfigError, FrameError, unknown_name
from rushes.frame import Frame, guess_format
from rushes.stream import parcel as parcels
from rushes.stream.decoding import decode
from rushes.stream.encoding import check_frame, to_jpeg, to_raw
from rushes.wire.message import MAX_BYTES, figures_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from typing_extensions import Buffer

    from rushes.stream.parcel import Parcel
    from rushes.wire.message import Header, Message

__all__ = ["LOADING", "check_name", "outcome", "plain", "reference", "resolve", "to_frame"]

LOADING: ContextVar[str] = ContextVar("rushes_loading", default="")
"""The module that is being imported for a function of it; work that begins meanwhile would begin again in each
process that imports it."""

_MOST_ELEMENTS = 1 << 16
_ALLOWED = "a Frame, an array, None (the frame as it came) or plain data (dict, list, str, numbers, bool)"


def check_name(name: str) -> None:
    """Returns for "package.module:function"; ConfigError for a name of another form."""
    module, _, path = name.partition(":")
    if not all(part.isidentifier() for part in (*module.split("."), *path.split("."))):
        raise ConfigError(f'a function is named as "package.module:function", not {name!r}', option="call")


def resolve(name: str) -> Callable[..., Any]:
    """The function named "package.module:function" (or "…:Class.method"), its module imported.

    ConfigError for another form, a module that is not found or cannot be imported, and what cannot be called;
    UnknownName, which lists what is there, for a name the module does not have.
    """
    check_name(name)
    module_name, _, path = name.partition(":")
    found: Any = _import(module_name)
    for part in path.split("."):
        if not hasattr(found, part):
            known = sorted(key for key, value in vars(found).items() if callable(value) and key[0] != "_")
            raise unknown_name(f"function in {module_name}", path, known)
        found = getattr(found, part)
    if not callable(found):
        raise ConfigError(f"{name} is a {type(found).__name__}, which cannot be called", option="call")
    function: Callable[..., Any] = found
    return function


def reference(fn: Callable[..., Any]) -> str | None:
    """The name under which :func:`resolve` finds ``fn`` in another process, the importable form of it; None where
    there is none: lambdas, functions in functions, bound methods, what was typed at a prompt.

    Functions of the program that was started are "__main__:…", if it came from a file.
    """
    module_name, path = getattr(fn, "__module__", None), getattr(fn, "__qualname__", None)
    module = sys.modules.get(module_name) if isinstance(module_name, str) else None
    if module is None or not isinstance(path, str):
        return None
    found: Any = module
    for part in path.split("."):
        found = getattr(found, part, None)
    # A class's own methods are bound anew at each look.
    same = found is fn or (isinstance(fn, types.MethodType) and found == fn)
    if not same or (module_name == "__main__" and getattr(module, "__file__", None) is None):
        return None
    return f"{module_name}:{path}"


def to_frame(parcel: Parcel, message: Message) -> Frame:
    """The frame that a function is given. CorruptImage or BadMessage for a picture that is broken."""
    header = message.header
    return Frame(
        decode(message),
        header.number,
        captured_ns=header.captured_ns,
        format=header.format,
        channel=header.stream,
        track=header.track,
        meta=parcels.meta_of(parcel),
        figures=figures_of(header),
    )


def outcome(result: Any, parcel: Parcel, message: Message, quality: int | None) -> tuple[Parcel, Buffer]:
    """What goes on of a frame for which a function returned ``result``: the parcel, and its payload.

    None leaves the frame as it came, its bytes untouched, and so does plain data, which goes with it. A Frame or an
    array takes the picture's place as a JPEG of that ``quality``, or exactly where JPEG cannot hold it or ``quality``
    is None; number, moment, run, track and index stay, meta and figures are the returned frame's. FrameError for
    anything else and for pictures of more than about 7 MB (64 MiB, where they are not coded), ConfigError for data of
    more than 1 MiB or meta and figures that do not fit.
    """
    now = msgspec.structs.replace(
        parcel, header=msgspec.structs.replace(parcel.header, sent_ns=SYSTEM.wall_ns())
    )
    if result is None:
        return now, message.payload
    if isinstance(result, np.ndarray):
        result = Frame(result, format=_format_of(result, message.header))
    if not isinstance(result, Frame):
        return parcels.with_data(now, plain(result)), message.payload
    check_frame(result)
    picture = to_raw(result) if quality is None else to_jpeg(result, quality)
    size = memoryview(picture.payload).nbytes
    most = MAX_BYTES if quality is None else parcels.MAX_PAYLOAD_BYTES
    if size > most:
        remedy = "" if quality is None else ", or return uint8 pixels, which become a JPEG"
        raise FrameError(
            f"a result of {size} bytes as {picture.codec} is over the {most} that may be sent: scale it down{remedy}",
            shape=result.shape,
        )
    return parcels.with_picture(
        now, picture, meta=plain(result.meta), figures=result.figures
    ), picture.payload


def plain(value: Any) -> Any:
    """``value`` as dict, list, str, int, float, bool, None and bytes: numpy's numbers, dataclasses, sets, dates and
    arrays of at most 65536 elements (as nested lists) become such. FrameError names what cannot.
    """
    if isinstance(value, list | tuple) and any(isinstance(each, Frame | np.ndarray) for each in value):
        raise FrameError(
            f"a function returned a {type(value).__name__} with pictures in it: one picture comes out for each that"
            " goes in; return Frame(array, meta=…) to send data with it"
        )
    try:
        return msgspec.to_builtins(value, builtin_types=(bytes, bytearray), enc_hook=_from_numpy)
    except FrameError:
        raise
    except (TypeError, ValueError, RecursionError) as error:
        kind = f"a value of type {type(value).__name__}"
        raise FrameError(f"a function may return {_ALLOWED}; this one returned {kind} ({error})") from error


def _import(name: str) -> types.ModuleType:
    token = LOADING.set(name)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise ConfigError(
                f"{name} needs the module {error.name}, which is not installed", option="call"
            ) from error
        raise ConfigError(
            f"no module named {error.name}: install it, or name its folder in PYTHONPATH", option="call"
        ) from error
    except ConfigError:
        raise
    except (Exception, SystemExit) as error:  # whatever a user's module does when imported, it cannot be used
        raise ConfigError(
            f"{name} cannot be imported: {type(error).__name__}: {error}", option="call"
        ) from error
    finally:
        LOADING.reset(token)


def _format_of(array: NDArray[Any], source: Header) -> str:
    """What a bare array shows: what the source's did, as far as an array like this one can."""
    if array.shape == source.shape and array.dtype == np.uint8:
        return source.format
    guess = guess_format(array.shape, array.dtype)
    return source.format if (guess, source.format) == ("bgr24", "rgb24") else guess


def _from_numpy(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        if value.size > _MOST_ELEMENTS:
            raise FrameError(
                f"data with an array of shape {value.shape} in it: at most {_MOST_ELEMENTS} elements go as data;"
                " return a picture as a Frame or by itself",
                shape=value.shape,
                dtype=str(value.dtype),
            )
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not plain data")
