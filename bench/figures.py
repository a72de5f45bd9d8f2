"""The shape of a measured figure, and the table that shows it."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Figure:
    """One measured figure.

    id: stable name, such as "provisioning.p50". figure: the value, in `unit`.
    reach: what is asked of it, None where it is reported only. holds: whether it is
    reached (None when nothing is asked). limited_by: what bounds it, in plain words.
    """

    id: str
    figure: float
    unit: str
    reach: float | None
    holds: bool | None
    limited_by: str

    def as_json(self) -> dict[str, object]:
        """Return the row of `bench/results.json`."""
        return asdict(self)


def at_most(ident: str, figure: float, unit: str, reach: float, limited_by: str) -> Figure:
    """Return a figure that must not exceed `reach`."""
    return Figure(ident, round(figure, 4), unit, reach, figure <= reach, limited_by)


def at_least(ident: str, figure: float, unit: str, reach: float, limited_by: str) -> Figure:
    """Return a figure that must reach `reach`."""
    return Figure(ident, round(figure, 4), unit, reach, figure >= reach, limited_by)


def reported(ident: str, figure: float, unit: str, limited_by: str) -> Figure:
    """Return a figure of which nothing is asked yet."""
    return Figure(ident, round(figure, 4), unit, None, None, limited_by)


def table(figures: list[Figure]) -> str:
    """Return the figures as a text table."""
    rows = [("figure", "value", "reach", "holds", "limited by")]
    for one in figures:
        reach = "–" if one.reach is None else f"{one.reach:g}"
        holds = {True: "yes", False: "NO", None: "–"}[one.holds]
        rows.append((one.id, f"{one.figure:g} {one.unit}", reach, holds, one.limited_by))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]])
        for row in rows
    )
