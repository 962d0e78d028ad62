"""What a shot's file is called (pure): templates filled, every part cleaned, nothing outside its folder.

A camera's name is somebody else's text. It is put in after the template was read, so that no "%", brace or
separator in it can act; and each part of the result is made a name that every file system takes.
"""

from __future__ import annotations

import re
import string
import unicodedata
from pathlib import PurePath
from typing import TYPE_CHECKING

from rushes.errors import ConfigError, unknown_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

__all__ = ["TEMPLATE", "FileName", "exact", "is_folder", "name_file", "numbered", "safe"]

TEMPLATE = "{channel.name} (%Y.%m.%d %H-%M-%S.%f).jpg"

FileName = tuple[str, ...]
"""The parts of a path below the folder, the file itself last."""

PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".qoi")
MAX_BYTES = 200
"""File systems allow 255 bytes a name; the rest is room for " (2)" and for whoever copies the files."""
MAX_FOLDERS = 8

_DIRECTIVE = re.compile(r"%[-_0^#]?[EO]?[A-Za-z%]")
_SEPARATORS = re.compile(r"[/\\]")
_REFUSED = frozenset('/\\<>:"|?*')
_NOT_TEXT = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])", re.IGNORECASE)


def name_file(template: str, moment: datetime, fields: Mapping[str, str]) -> FileName:
    """The parts of the name that ``template`` gives at that moment.

    ``{channel.name}`` and the like take their text from ``fields``; strftime's directives are filled from
    ``moment``; "{{" and "}}" are braces. A separator written in the template begins a folder, one that came
    in by a field does not. A name without the suffix of a picture gets ".jpg". Raises UnknownName for a
    field that is none, ConfigError for broken braces or more than eight folders.
    """
    filled = "".join(_pieces(template, moment, fields))
    parts = [part for part in (_trimmed(each) for each in _SEPARATORS.split(filled)) if part]
    if len(parts) > MAX_FOLDERS + 1:
        raise ConfigError(f"a file name may have at most {MAX_FOLDERS} folders, this has {len(parts) - 1}")
    file = parts.pop() if parts else "_"
    stem, suffix = _split(file)
    return (*(_short(part, "") for part in parts), _short(stem, suffix or ".jpg"))


def exact(file: str) -> str:
    """A caller's own full name: made one that every file system takes, otherwise as it is."""
    return _short(*_split(_trimmed(file)))


def safe(text: str) -> str:
    """The text as one name: no separators, control characters or reserved names, at most 200 bytes."""
    return _short(_trimmed(text), "")


def numbered(file: str, number: int) -> str:
    """ "name.jpg" as "name (2).jpg"; 1 is the name itself."""
    if number == 1:
        return file
    stem, suffix = _split(file)
    return f"{stem} ({number}){suffix}"


def is_folder(path: str, *, exists_as_folder: bool) -> bool:
    """Whether a caller's ``file_path`` names a folder: it is one, ends as one, or has no suffix."""
    return exists_as_folder or not PurePath(_SEPARATORS.split(path)[-1]).suffix


def _pieces(template: str, moment: datetime, fields: Mapping[str, str]) -> Iterator[str]:
    try:
        parsed = list(string.Formatter().parse(template))
    except ValueError as error:
        raise ConfigError(f"file name {template!r}: {error}; write {{{{ or }}}} for a brace") from error
    for literal, field, spec, conversion in parsed:
        yield _DIRECTIVE.sub(_filled_by(moment), literal)
        if field is None:
            continue
        # A width of a billion, or a field that reaches into an object, must not come in with a file name.
        if spec or conversion:
            raise ConfigError(f"file name {template!r}: write {{{field}}} without a format or conversion")
        if field not in fields:
            raise unknown_name("field of a file name", field, fields)
        yield _without_refused(fields[field])


def _filled_by(moment: datetime) -> Callable[[re.Match[str]], str]:
    # One directive at a time: what strftime makes of the text between them, or of a lone "%", differs from
    # system to system. %x and %D bring separators with them, which are no folders.
    def fill(directive: re.Match[str]) -> str:
        return _without_refused(moment.strftime(directive[0]))

    return fill


def _without_refused(text: str) -> str:
    return "".join(
        "_" if letter in _REFUSED or unicodedata.category(letter) in _NOT_TEXT else letter for letter in text
    )


def _trimmed(text: str) -> str:
    # Dots and spaces at the end vanish on some systems; a dot in front hides the file, or is "..".
    return _without_refused(text).strip(". \u00a0\u3000")


def _split(file: str) -> tuple[str, str]:
    stem, dot, suffix = file.rpartition(".")
    return (stem, dot + suffix) if f".{suffix.lower()}" in PICTURES and stem else (file, "")


def _short(stem: str, suffix: str) -> str:
    room = MAX_BYTES - len(suffix)
    stem = stem.encode()[:room].decode(errors="ignore").rstrip(". ") or "_"
    # Windows looks at what stands before the first dot alone.
    if _RESERVED.fullmatch(stem.partition(".")[0].strip()):
        stem = f"_{stem}"
    return stem + suffix
