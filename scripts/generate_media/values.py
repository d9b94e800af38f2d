"""``dataclass`` for a process that lives a moment: what this package uses of the standard one, at a tenth of its cost.

The standard decorator imports ``inspect`` (25 ms) and compiles up to six functions for every class (0.6 ms, and a
command makes sixty classes): together a quarter of a command's own time to its first byte. Here the same six
methods are written once and read the class's fields. Type checkers see the standard module; :mod:`dataclasses`'
own ``fields`` and ``replace`` work on what is made here. Not supported, since not used: slots, order, kw_only,
``__post_init__``, ClassVar.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

__all__ = ["MISSING", "dataclass", "field", "fields", "replace"]

if TYPE_CHECKING:
    from dataclasses import MISSING, dataclass, field, fields, replace
else:
    MISSING = object()

    class Field:
        """One field; ``default`` and ``default_factory`` are MISSING where there is none."""

        __slots__ = ("compare", "default", "default_factory", "name", "repr")

        def __init__(self, default: Any, default_factory: Any, repr: bool, compare: bool) -> None:
            self.name = ""
            self.default = default
            self.default_factory = default_factory
            self.repr = repr
            self.compare = compare

    def field(
        *, default: Any = MISSING, default_factory: Any = MISSING, repr: bool = True, compare: bool = True
    ) -> Field:
        """As dataclasses.field."""
        return Field(default, default_factory, repr, compare)

    def dataclass(
        cls: type | None = None, /, *, frozen: bool = False, eq: bool = True
    ) -> type | Callable[[type], type]:
        """As dataclasses.dataclass."""
        return _made(cls, frozen, eq) if cls is not None else lambda given: _made(given, frozen, eq)

    def fields(made: Any) -> tuple[Field, ...]:
        """The fields of a class or of its instance, in their order."""
        return tuple(made._value_fields.values())

    def replace(instance: Any, /, **changes: Any) -> Any:
        """A copy with other values."""
        return type(instance)(**{**{name: getattr(instance, name) for name in instance._value_fields}, **changes})

    def _made(cls: type, frozen: bool, eq: bool) -> type:
        specs: dict[str, Field] = dict(getattr(cls, "_value_fields", {}))
        for name in cls.__annotations__:
            value = cls.__dict__.get(name, MISSING)
            spec = value if isinstance(value, Field) else Field(value, MISSING, True, True)
            spec.name = name
            if spec.default is not MISSING:
                setattr(cls, name, spec.default)
            elif name in cls.__dict__:
                delattr(cls, name)
            specs[name] = spec
        cls._value_fields = specs
        cls.__match_args__ = tuple(specs)
        cls.__dataclass_fields__ = _StandardFields()
        cls.__init__ = _init
        own: dict[str, Any] = {"__repr__": _repr}
        own |= {"__eq__": _eq} if eq else {}
        own |= {"__setattr__": _setattr, "__delattr__": _delattr} if frozen else {}
        for name, method in own.items():
            if name not in cls.__dict__:
                setattr(cls, name, method)
        if eq and cls.__dict__.get("__hash__") is None:
            cls.__hash__ = _hash if frozen else None
        return cls

    def _init(self: Any, *args: Any, **given: Any) -> None:
        specs = self._value_fields
        if args:
            if len(args) > len(specs):
                raise TypeError(f"{type(self).__name__}() takes {len(specs)} values, {len(args)} were given")
            for name, value in zip(specs, args):  # noqa: B905 - fewer values than fields are fine
                if name in given:
                    raise TypeError(f"{type(self).__name__}() got {name!r} twice")
                given[name] = value
        state = self.__dict__
        for name, spec in specs.items():
            if name in given:
                state[name] = given.pop(name)
            elif spec.default is not MISSING:
                state[name] = spec.default
            elif spec.default_factory is not MISSING:
                state[name] = spec.default_factory()
            else:
                raise TypeError(f"{type(self).__name__}() lacks {name!r}")
        if given:
            raise TypeError(f"{type(self).__name__}() has no field {', '.join(given)}")

    @recursive_repr()
    def _repr(self: Any) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name, spec in self._value_fields.items() if spec.repr)
        return f"{type(self).__qualname__}({', '.join(shown)})"

    def _compared(self: Any) -> tuple[Any, ...]:
        return tuple([getattr(self, name) for name, spec in self._value_fields.items() if spec.compare])

    def _eq(self: Any, other: object) -> bool:
        return _compared(self) == _compared(other) if type(other) is type(self) else NotImplemented

    def _hash(self: Any) -> int:
        return hash(_compared(self))

    def _setattr(self: Any, name: str, value: Any) -> None:
        raise _frozen_error(f"cannot assign to field {name!r}")

    def _delattr(self: Any, name: str) -> None:
        raise _frozen_error(f"cannot delete field {name!r}")

    def _frozen_error(message: str) -> Exception:
        from dataclasses import FrozenInstanceError

        return FrozenInstanceError(message)

    class _StandardFields:
        """The standard description of a class, made when :mod:`dataclasses` itself asks for it."""

        def __get__(self, _: Any, cls: type) -> Mapping[str, Any]:
            import dataclasses

            def standard(spec: Field) -> Any:
                given = {"default": spec.default, "default_factory": spec.default_factory}
                given = {name: value for name, value in given.items() if value is not MISSING}
                return dataclasses.field(repr=spec.repr, compare=spec.compare, **given)

            rows = [(name, Any, standard(spec)) for name, spec in cls._value_fields.items()]
            made = dataclasses.make_dataclass(cls.__name__, rows, eq=False)
            cls.__dataclass_fields__ = made.__dataclass_fields__  # asked for once
            return made.__dataclass_fields__
