"""Where the parts of a chart stand. Pure: numbers in, coordinates out; drawn by a template.

Across, a chart is as wide as its place: x and widths are per cent of the plot. Upwards it is
HEIGHT pixels, with the plot between TOP and HEIGHT - BOTTOM. Paths, which know no per cent, are
in a box PATH_WIDTH units wide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

HEIGHT = 220
TOP, BOTTOM = 12, 26
PATH_WIDTH = 1000
BAR_SHARE = 0.62
# With fewer bars than this they stay as narrow as if there were so many.
FULL_COUNT = 8
MAX_LABELS = 7

Value = int | float | Decimal


@dataclass(frozen=True, slots=True)
class Series:
    """One row of numbers. `colour` is a token of the theme; None in `values` is a gap."""

    label: str
    colour: str
    values: tuple[Value | None, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across the plot and what it stands for."""

    y: float
    value: Decimal


@dataclass(frozen=True, slots=True)
class Label:
    """A word under the plot; a minor one is left out where there is little room."""

    x: float
    text: str
    minor: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle; `text` is what it says when pointed at."""

    x: float
    y: float
    width: float
    height: float
    colour: str
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A path through a series, its area, and its points."""

    path: str
    area: str
    colour: str
    points: tuple[tuple[float, float, str], ...]


def nice_top(highest: Decimal) -> tuple[Decimal, Decimal]:
    """A round top of the axis at or above the highest value, and the step to it (2 to 5 steps)."""
    if highest <= 0:
        return Decimal(1), Decimal(1)
    rough = highest / 4
    power = Decimal(10) ** (rough.adjusted())
    for factor in (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10)):
        step = factor * power
        whole = step == step.to_integral_value()
        if (whole or highest < 4) and step * 4 >= highest:
            break
    if whole:
        step = step.to_integral_value()  # 250, not the 250.0 that 2.5 times 100 is
    steps = (highest / step).to_integral_value(rounding=ROUND_CEILING)
    return step * steps, step


def ticks(highest: Decimal) -> list[Tick]:
    """The axis from nothing to its top."""
    top, step = nice_top(highest)
    count = int(top / step)
    return [Tick(_y(step * number, top), step * number) for number in range(count + 1)]


def labels(names: Sequence[str]) -> list[Label]:
    """As many of the names as fit, always with the last."""
    every = max(1, -(-len(names) // MAX_LABELS))
    last = len(names) - 1
    shown = [number for number in range(len(names)) if (last - number) % every == 0]
    return [
        Label(_centre(number, len(names)), names[number], minor=place % 2 == 1)
        for place, number in enumerate(reversed(shown))
    ]


def stacked_bars(names: Sequence[str], series: Sequence[Series]) -> list[Bar]:
    """The series of each name on top of one another."""
    top, _ = nice_top(stack_height(series))
    width = round(BAR_SHARE * 100 / max(len(names), FULL_COUNT), 2)
    bars = []
    for number, name in enumerate(names):
        ground = Decimal(0)
        for row in series:
            value = _decimal(row.values[number])
            if value is None or value <= 0:
                continue
            low, high = _y(ground, top), _y(ground + value, top)
            # A value that is there at all is to be seen.
            height = max(low - high, 1.5)
            x = round(_centre(number, len(names)) - width / 2, 2)
            text = f"{name}: {value:,} {row.label}".strip()
            bars.append(Bar(x, round(low - height, 1), width, round(height, 1), row.colour, text))
            ground += value
    return bars


def stack_height(series: Sequence[Series]) -> Decimal:
    """The highest stack."""
    columns = zip(*(row.values for row in series), strict=True)
    return max((sum((_decimal(v) or Decimal(0) for v in col), Decimal(0)) for col in columns),
               default=Decimal(0))  # fmt: skip


def lines(names: Sequence[str], series: Sequence[Series]) -> list[Line]:
    """Each series as a line; a gap in the values is a gap in the line."""
    top, _ = nice_top(line_height(series))
    return [_line(names, row, top) for row in series]


def line_height(series: Sequence[Series]) -> Decimal:
    """The highest value of any series."""
    values = (_decimal(value) for row in series for value in row.values)
    return max((value for value in values if value is not None), default=Decimal(0))


def _line(names: Sequence[str], row: Series, top: Decimal) -> Line:
    points: list[tuple[float, float, str]] = []
    strokes: list[str] = []
    areas: list[str] = []
    run: list[tuple[float, float]] = []
    for number, given in enumerate((*row.values, None)):
        value = _decimal(given)
        if value is None:
            if run:
                path = "M" + "L".join(f"{x} {y}" for x, y in run)
                strokes.append(path)
                areas.append(f"{path}L{run[-1][0]} {_y(Decimal(0), top)}"
                             f"L{run[0][0]} {_y(Decimal(0), top)}Z")  # fmt: skip
            run = []
            continue
        x, y = _centre(number, len(names)), _y(value, top)
        run.append((round(x * PATH_WIDTH / 100, 1), y))
        points.append((x, y, f"{names[number]}: {value:,} {row.label}".strip()))
    return Line(" ".join(strokes), " ".join(areas), row.colour, tuple(points))


def _centre(number: int, count: int) -> float:
    """The middle of a place, in per cent of the plot."""
    return round(100 * (number + 0.5) / max(count, 1), 2)


def _y(value: Decimal, top: Decimal) -> float:
    plot = HEIGHT - TOP - BOTTOM
    return round(TOP + plot * float(1 - value / top), 1)


def _decimal(value: Value | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))
