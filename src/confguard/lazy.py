"""What is imported (PEP 562) or read when it is first used, so that what is not used costs nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


def lazily(package: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """The `__getattr__` of a package whose names live in these modules.

    >>> get = lazily("confguard.errors", {"load": "confguard.schema.loading"})
    >>> get("lod")
    Traceback (most recent call last):
        ...
    AttributeError: module 'confguard.errors' has no attribute 'lod'
    """

    def found(name: str) -> object:
        home = homes.get(name)
        if home is None:
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        value = getattr(import_module(home), name)
        setattr(sys.modules[package], name, value)
        return value

    return found


class read_once(Generic[T]):  # noqa: N801 - a decorator
    """An attribute that is read from elsewhere when it is first asked for.

    `functools.cached_property` holds a lock meanwhile, up to Python 3.11 one for all instances of a class: while one
    store is silent, nothing could be read from another, and a fork in that moment leaves the child with a lock for
    good. Here two threads may read the same at the same time.
    """

    def __init__(self, read: Callable[[Any], T]) -> None:
        self._read, self.__doc__ = read, read.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> read_once[T]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> read_once[T] | T:
        if instance is None:
            return self
        value = instance.__dict__[self._name] = self._read(instance)
        return value
