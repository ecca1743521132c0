"""Java programs out of Maven: their jars, fetched once into the user's own repository, and their argument files."""

import zipfile
from collections.abc import Iterable
from pathlib import Path

from jgo.maven import Artifact


class JarsMissingError(Exception):
    """The jars are not here and could not be fetched. The message is a sentence."""


def fetch(artifact: Artifact) -> Path:
    """Fetched again where an attempt that was cut short left a part of it."""
    jar = artifact.resolve()
    if not zipfile.is_zipfile(jar):
        jar.unlink()
        jar = artifact.resolve()
    return jar


def java_arguments(arguments: Iterable[str]) -> str:
    """The content of an argument file (`java @file`)."""
    return "\n".join(_quoted(argument) for argument in arguments)


def _quoted(argument: str) -> str:
    return '"' + argument.replace("\\", "\\\\").replace('"', '\\"') + '"'
