"""Three stages. Each is a plain function: its annotations say which files it reads and writes."""

import csv
import math
from typing import Annotated, TypedDict

from pivot_core import StageParams, loaders, outputs


class Planet(TypedDict):
    name: str
    mass_kg: float
    radius_m: float


class Density(TypedDict):
    name: str
    kg_per_m3: float
    rocky: bool


def read_planets(
    table: Annotated[str, outputs.Dep("data/planets.csv", loaders.Text())],
) -> Annotated[list[Planet], outputs.Out("build/planets.json", loaders.JSON())]:
    """From text to numbers, in SI units."""
    return [
        Planet(
            name=row["planet"],
            mass_kg=float(row["mass_1e24_kg"]) * 1e24,
            radius_m=float(row["diameter_km"]) * 1000 / 2,
        )
        for row in csv.DictReader(table.splitlines())
    ]


class DensityParams(StageParams):
    """Values that you want to play with. params.yaml overrides them."""

    rocky_above: float = 3000.0


class DensityOutputs(TypedDict):
    densities: Annotated[list[Density], outputs.Out("build/densities.json", loaders.JSON())]
    summary: Annotated[dict[str, float], outputs.Metric("build/summary.json")]


def measure(
    planets: Annotated[list[Planet], outputs.Dep("build/planets.json", loaders.JSON())],
    params: DensityParams,
) -> DensityOutputs:
    """Two outputs: the table, and the few numbers that sum it up."""
    found = [
        Density(
            name=planet["name"], kg_per_m3=round(density(planet)), rocky=density(planet) > params.rocky_above
        )
        for planet in planets
    ]
    mean = sum(item["kg_per_m3"] for item in found) / len(found)
    rocky = sum(item["rocky"] for item in found)
    return {
        "densities": found,
        "summary": {"planets": len(found), "rocky": rocky, "mean_kg_per_m3": round(mean)},
    }


def density(planet: Planet) -> float:
    """Not a stage, but a stage calls it. Change the formula: Pivot knows what to make again."""
    return planet["mass_kg"] / (4 / 3 * math.pi * planet["radius_m"] ** 3)


def report(
    densities: Annotated[list[Density], outputs.Dep("build/densities.json", loaders.JSON())],
    summary: Annotated[dict[str, float], outputs.Dep("build/summary.json", loaders.JSON())],
) -> Annotated[str, outputs.Out("build/report.md", loaders.Text())]:
    """A table for people, densest first."""
    lines = ["# Planets", "", "| planet | kg/m³ | rocky |", "|---|---:|---|"]
    for item in sorted(densities, key=lambda item: -item["kg_per_m3"]):
        lines.append(f"| {item['name']} | {item['kg_per_m3']} | {'yes' if item['rocky'] else 'no'} |")
    lines += ["", f"{summary['rocky']} of {summary['planets']} are rocky."]
    return "\n".join(lines) + "\n"
