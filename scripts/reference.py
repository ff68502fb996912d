"""Write the reference of the plan language, key by key: `python scripts/reference.py`.

The page is made of the models that read plans, so that it cannot say anything else than they do;
a test fails when it is older than they are.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from tocsin.core.plan import shapes
from tocsin.core.plan.file import PlanFile

PAGE = Path(__file__).parent.parent / "docs" / "plan" / "reference.md"
INTRODUCTION = """# Every key of a plan

Made by `scripts/reference.py` from the models that read plans. [Writing a plan](README.md) says
what they are for; [problems](../problems.md) explains what the check finds.

A *time* is `15m`, `within 1h`, `< 1h`, `immediate`, `next business day`, `3 calendar days`,
`next sprint planning`, `never` or `unspecified`; a *condition* is a CEL expression over facts, such
as `error_rate > 0.05 || payment_processing == "down"`; a *moment* is something that an incident
goes through, such as `opened`, `resolved` or `phase recovery`. *Who* is a recipient, a list of them
(any of them), or `{all: recipient}`.
"""
SAID = {
    "Time": "time",
    "Duration": "duration",
    "Condition": "condition",
    "Id": "id",
    "FactName": "fact",
    "Code": "severity",
    "ManyTexts": "text or list",
    "Who": "who",
}


def page() -> str:
    """Return the whole page."""
    parts = [INTRODUCTION]
    parts += [_section(model, heading) for model, heading in _models(PlanFile, "A plan", set())]
    return "\n".join(parts)


def _models(
    model: type[BaseModel], heading: str, seen: set[type[BaseModel]]
) -> Iterator[tuple[type[BaseModel], str]]:
    """The models of a plan in the order in which their keys stand, each with its heading."""
    if model in seen:
        return
    seen.add(model)
    yield model, heading
    for name, field in model.model_fields.items():
        key = field.alias or name
        for inner in _inside(field.annotation):
            where = f"`{key}`" if model is PlanFile else f"{heading.removesuffix('`')}.{key}`"
            yield from _models(inner, where.replace("A plan.", ""), seen)
    for inner in _inside(model.__annotations__.get("__pydantic_extra__")):
        yield from _models(inner, f"{heading}, each", seen)


def _inside(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if annotation is not shapes.WhoFile:
            yield annotation
        return
    for part in get_args(annotation):
        yield from _inside(part)


def _section(model: type[BaseModel], heading: str) -> str:
    doc = " ".join((model.__doc__ or "").split())
    rows = "\n".join(
        f"| `{field.alias or name}` | {_type(field)} | {_default(field)} | {_about(field)} |"
        for name, field in model.model_fields.items()
    )
    table = f"| Key | Is | If left out | Means |\n|---|---|---|---|\n{rows}\n" if rows else ""
    return f"## {heading}\n\n{doc}\n\n{table}"


def _type(field: FieldInfo) -> str:
    return _type_words(field.annotation, tuple(field.metadata))


def _type_words(annotation: Any, metadata: tuple[Any, ...] = ()) -> str:
    for name, word in SAID.items():
        shape = getattr(shapes, name)
        base, *marks = get_args(shape)
        if annotation == shape or (annotation == base and any(m in metadata for m in marks)):
            return word
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type_words(args[0], tuple(annotation.__metadata__))
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in args)
    if origin in (Union, UnionType):
        return " or ".join(_type_words(arg) for arg in args if arg is not NoneType)
    if origin is list:
        return f"list of {_type_words(args[0])}"
    if origin is dict:
        return f"map: {_type_words(args[0])} to {_type_words(args[1])}"
    names = {str: "text", bool: "yes or no", int: "number", float: "number", Any: "value"}
    if annotation in names:
        return names[annotation]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "who" if annotation is shapes.WhoFile else "map"
    return "value"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be there"
    default = field.get_default(call_default_factory=True)
    if default is None or default in ("", [], {}, False) or isinstance(default, BaseModel):
        return "" if default is not False else "no"
    return "yes" if default is True else f"`{default}`"


def _about(field: FieldInfo) -> str:
    text = " ".join((field.description or "").split())
    examples = field.examples or []
    if examples and examples[0]:
        text += f" Example: `{_example(examples[0])}`."
    return text.replace("|", "\\|")


def _example(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def main() -> None:
    """Write the page."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()
