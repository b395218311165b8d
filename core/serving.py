"""How the model server is started: the arguments that make answers alike, and those that follow the machine.

One place, because the pod template renders them, the fingerprint hashes them and the rehearsal's stand-in reads them.
"""

from __future__ import annotations

from typing import Final

from core.lock import Lock
from core.service import Service
from core.sizing import GPU_MEMORY_SHARE, Fit

PORT: Final = 8000
PATHS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "chat": (("GET", "/v1/models"), ("POST", "/v1/chat/completions"), ("POST", "/v1/completions")),
    "embedding": (("GET", "/v1/models"), ("POST", "/v1/embeddings")),
}
"""The allow-list of the contract, by kind of service: method and path."""

# The engine reads 8-bit and 4-bit formats from the weights' own configuration; fp8 alone is also a run-time choice.
_QUANTISATION: Final = {"bf16": ("--dtype=bfloat16",), "fp8": ("--quantization=fp8",), "int8": (), "int4": ()}


def weights_path(service: Service, lock: Lock) -> str:
    """Where the pod finds the weights: by revision, so that two revisions never mix."""
    return f"/models/{service.model}/{lock.model(service.model).revision}"


def contract_arguments(service: Service) -> tuple[str, ...]:
    """Arguments that every site must share, since they change what is answered."""
    return (
        f"--served-model-name={service.name}",
        f"--max-model-len={service.context_tokens}",
        *_QUANTISATION[service.precision],
        "--generation-config=vllm",
        *(("--runner=pooling",) if service.kind == "embedding" else ()),
    )


def placement_arguments(fit: Fit) -> tuple[str, ...]:
    """Arguments that follow the accelerator and may differ between sites."""
    return (
        f"--tensor-parallel-size={fit.gpus}",
        f"--gpu-memory-utilization={GPU_MEMORY_SHARE}",
        f"--max-num-seqs={fit.sequences}",
    )


def fixed_arguments() -> tuple[str, ...]:
    """Arguments that are the same for every service."""
    return (
        "--host=0.0.0.0",
        f"--port={PORT}",
        "--enable-prefix-caching",
        "--shutdown-timeout=45",
        "--disable-fastapi-docs",
    )
