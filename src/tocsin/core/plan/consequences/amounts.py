"""Amounts as plans write them: `1000`, `1 kUSD`, `$50K`, `2.5M`; and formulas over them."""

import ast
import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal, DivisionByZero, InvalidOperation, Overflow

CENT = Decimal("0.01")
MAX_LENGTH = 300

_AMOUNT = re.compile(r"(\d+(?:\.\d+)?) ?([kKmM]?) ?([A-Z]{3})?\+?")
_SIGNS = {"$": "USD", "€": "EUR", "£": "GBP"}
_THOUSANDS = {"": Decimal(1), "k": Decimal(1000), "m": Decimal(1_000_000)}


def parse_amount(text: str) -> tuple[Decimal, str]:
    """Read an amount with its currency ("" if it names none); raises ValueError for anything else.

    Thousands may be set off by commas, underscores or spaces.
    """
    said = text.strip()
    currency = _SIGNS.get(said[:1], "")
    plain = re.sub(r"(?<=\d)[,_ ](?=\d{3}(?!\d))", "", said[1:] if currency else said)
    match = _AMOUNT.fullmatch(plain)
    if match is None:
        raise ValueError(f"`{text}` is no amount; write `1000`, `1 kUSD` or `2.5 MEUR`")
    return Decimal(match[1]) * _THOUSANDS[match[2].lower()], match[3] or currency


def plain(amount: Decimal) -> str:
    """Write a number without exponent and without zeros at the end."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def to_cents(amount: Decimal) -> Decimal:
    """Round to cents, halves up."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def exact(value: float) -> Decimal:
    """A number as people wrote it: 19.99 and not the nearest binary fraction."""
    return Decimal(repr(value))


def names_in(formula: str) -> frozenset[str]:
    """The facts that a formula counts with; raises ValueError if it is none."""
    return frozenset(
        node.id for node in ast.walk(_parsed(formula)) if isinstance(node, ast.Name)
    )  # fmt: skip


def compute(formula: str, values: Mapping[str, Decimal]) -> Decimal | None:
    """The exact value of a formula of `+ - * /`, brackets, numbers and names.

    None if something in it is not known or it divides by zero.
    """
    try:
        return _value(_parsed(formula).body, values)
    except (KeyError, DivisionByZero, InvalidOperation, Overflow):
        return None


def _parsed(formula: str) -> ast.Expression:
    """The formula as a tree of allowed parts only."""
    try:
        if len(formula) > MAX_LENGTH:
            raise ValueError("it is too long")
        tree = ast.parse(formula.strip(), mode="eval")
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError(f"`{formula}` cannot be read") from error
    allowed = (
        ast.Expression, ast.BinOp, ast.UnaryOp, ast.Name, ast.Load, ast.Add, ast.Sub, ast.Mult,
        ast.Div, ast.USub,
    )  # fmt: skip
    for node in ast.walk(tree):
        number = isinstance(node, ast.Constant) and type(node.value) in (int, float)
        if not number and not isinstance(node, allowed):
            raise ValueError(f"`{formula}` is more than `+ - * /` over numbers and facts")
    return tree


def _value(node: ast.expr, values: Mapping[str, Decimal]) -> Decimal:
    match node:
        case ast.Name(name):
            return values[name]
        case ast.Constant(int() | float() as number):
            return exact(number)
        case ast.UnaryOp(_, operand):
            return -_value(operand, values)
        case ast.BinOp(left, operator, right):
            one, other = _value(left, values), _value(right, values)
            match operator:
                case ast.Add():
                    return one + other
                case ast.Sub():
                    return one - other
                case ast.Mult():
                    return one * other
            return one / other
    raise KeyError(ast.dump(node))
