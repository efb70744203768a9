"""Measuring on many machines: executors of Ray, Slurm and Dask, and results folders made one."""

from collections.abc import Iterable

from codelength import Command, Engine, hookimpl


@hookimpl
def codelength_executors() -> Iterable[Engine]:
    yield Engine("ray", "a Ray cluster: ray, ray:ADDRESS", f"{__name__}.on_ray:RayExecutor")
    yield Engine("slurm", "Slurm: slurm, slurm:PARTITION", f"{__name__}.on_slurm:SlurmExecutor")
    yield Engine("dask", "Dask: dask:ADDRESS", f"{__name__}.on_dask:DaskExecutor")


@hookimpl
def codelength_commands() -> Iterable[Command]:
    text = "Make one results folder of several, such as the parts of a run."
    return [Command("merge", text, f"{__name__}.merge:command")]
