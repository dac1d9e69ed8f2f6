"""JSON from outside, checked as a whole before any of it is used: models of pydantic in, one sentence out."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, TypeAdapter, ValidationError

from .encoding import one_line
from .errors import InputError

Kind = TypeVar("Kind")

LONGEST_NAME = 4096
"""Letters of a name or path that is taken."""

Text = Annotated[str, Field(max_length=LONGEST_NAME, strict=True)]
Number = Annotated[FiniteFloat, Field(strict=True)]
Whole = Annotated[int, Field(ge=-(2**63), lt=2**63, strict=True)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$", strict=True)]


class Schema(BaseModel):
    """A JSON object of which some entries are used; others may stand there."""

    model_config = ConfigDict(extra="ignore", frozen=True)


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def check(kind: type[Kind], content: Any, says: str) -> Kind:
    """Content as a model, or any other type that pydantic knows.

    Parameters
    ----------
    kind : type
        What it should be.
    content : object
        As `json.loads` gives it.
    says : str
        Sentence of the error, with ``{}`` for what is wrong.

    Raises
    ------
    InputError
        If it is something else.
    """
    any_kind: Any = kind
    try:
        result: Kind = _adapter(any_kind).validate_python(content)
        return result
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise InputError(says.format(one_line(f"{where[:200]}: {first['msg'][:200]}"))) from None
    except RecursionError:
        raise InputError(says.format("it is nested too deeply")) from None
