"""Whether a service fits a machine, and with how many GPUs.

Pure arithmetic over a service and the catalogue; it refuses nothing by itself. Formula and constants: KAITO's memory
estimator (1.02 for weights, 2.3 GiB base, 5 % of weights for activations) with vLLM's default GPU memory share of 0.90.
It is an estimate: calibrate it once against the start-up log of the real server.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from catalog.load import Catalogue, Machine, Model, Precision, SiteName
from core.errors import KokunaiError
from core.service import Service

GIB: Final = 1024**3
BYTES_PER_PARAMETER: Final[dict[Precision, Decimal]] = {
    "bf16": Decimal(2),
    "fp8": Decimal(1),
    "int8": Decimal(1),
    "int4": Decimal("0.55"),
}
KV_BYTES: Final = 2
GPU_MEMORY_SHARE: Final = Decimal("0.90")
WEIGHTS_FACTOR: Final = Decimal("1.02")
ACTIVATION_FACTOR: Final = Decimal("1.05")
BASE_GIB: Final = Decimal("2.3")


@dataclass(frozen=True)
class Fit:
    """A service on a machine. `sequences` is how many full-length requests one replica holds at once."""

    machine: Machine
    gpus: int
    sequences: int

    @property
    def replicas_per_machine(self) -> int:
        return self.machine.gpus // self.gpus


def weights_gib(model: Model, precision: Precision) -> Decimal:
    """Memory of the weights in GiB, over all GPUs together."""
    return model.parameters * BYTES_PER_PARAMETER[precision] * WEIGHTS_FACTOR / GIB


def kv_bytes_per_token(model: Model) -> int:
    """Bytes of key and value cache that one token takes, over all GPUs together."""
    return 2 * model.layers * model.kv_heads * model.head_dim * KV_BYTES


def sequences(service: Service, model: Model, machine: Machine, gpus: int) -> int:
    """Full-length requests that `gpus` GPUs of `machine` hold at once; 0 when even the weights do not fit."""
    memory = Decimal(machine.gpu_memory_mib) / 1024
    # With more GPUs than KV heads each head is replicated.
    copies = max(1, gpus // model.kv_heads)
    free = (
        GPU_MEMORY_SHARE * memory - BASE_GIB - ACTIVATION_FACTOR * weights_gib(model, service.precision) / gpus
    ) * gpus
    per_sequence = Decimal(kv_bytes_per_token(model) * service.context_tokens * copies) / GIB
    return max(0, int(free / per_sequence))


def fit(service: Service, model: Model, machine: Machine) -> Fit | None:
    """The smallest number of GPUs of one machine that serves `service`, or None."""
    for gpus in (1, 2, 4, 8):
        if gpus > machine.gpus or model.attention_heads % gpus:
            continue
        found = sequences(service, model, machine, gpus)
        if found >= service.concurrency:
            return Fit(machine, gpus, found)
    return None


def candidates(service: Service, model: Model, machines: Sequence[Machine]) -> tuple[Fit, ...]:
    """Every machine of `machines` that would serve `service`, in their order, permanent ones only."""
    fits = (fit(service, model, machine) for machine in machines if machine.permanent)
    return tuple(found for found in fits if found)


def place(service: Service, site: SiteName, region: str, zones: Sequence[str], facts: Catalogue) -> Fit:
    """The machine that runs `service` on a site: the first of its tier that fits and is sold in one of `zones`.

    Raises:
        KokunaiError: the model is not in the catalogue, the context is longer than the model's, nothing of the tier
            fits, or nothing that fits is sold there. The message holds the table of what would fit.
    """
    where = f"service {service.name!r} on {site}"
    model = facts.models.get(service.model)
    if model is None:
        raise KokunaiError(
            f"model {service.model!r} is not in the catalogue",
            where=where,
            fix=f"use one of: {', '.join(sorted(facts.models))}",
        )
    if service.context_tokens > model.max_context_tokens:
        raise KokunaiError(
            f"context_tokens {service.context_tokens} is more than the model's {model.max_context_tokens}",
            where=where,
            fix=f"set context_tokens to at most {model.max_context_tokens}",
        )
    machines = facts.machines_of(site)
    fits = [f for f in candidates(service, model, machines) if service.tier in f.machine.tiers]
    sold = [f for f in fits if sold_in(f.machine, region, zones)]
    if sold:
        return sold[0]
    what = (
        f"tier {service.tier}: no machine holds {service.concurrency} requests of {service.context_tokens} tokens"
        if not fits
        else f"tier {service.tier}: {', '.join(f.machine.name for f in fits)} not sold in {region} {', '.join(zones)}".rstrip()
    )
    raise KokunaiError(what, where=where, fix="what would fit:\n" + table(service, model, machines))


def sold_in(machine: Machine, region: str, zones: Sequence[str]) -> tuple[str, ...]:
    """The zones among `zones` in which the machine is sold; all of its zones there when `zones` is empty."""
    offered = machine.regions.get(region)
    if offered is None:
        return ()
    if not zones:
        return offered or (region,)
    return tuple(zone for zone in offered if zone in zones)


def table(service: Service, model: Model, machines: Sequence[Machine]) -> str:
    """What would fit, one line a machine: tier, machine, GPUs, requests at once, where it is sold."""
    rows = [
        f"    {'/'.join(f.machine.tiers) or '-':<4} {f.machine.name:<28} {f.gpus} × {f.machine.accelerator:<10} "
        f"{f.sequences:>4} at once  "
        + "; ".join(f"{region} {', '.join(zones)}".rstrip() for region, zones in f.machine.regions.items())
        for f in candidates(service, model, machines)
    ]
    return "\n".join(rows) or "    nothing: lower concurrency, context_tokens or precision"
