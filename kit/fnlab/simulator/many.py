"""Many functions at once: a day of a whole platform, as counts and times of each function.

Nothing is kept of a single invocation, so memory does not grow with their number. Functions are independent, each with
random numbers of its own: the result is the same with one thread or two, compiled or not, to the last bit.
"""

from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import Literal, get_args

from fnlab.display import PATIENCE_S
from fnlab.errors import BadValue
from fnlab.functions import Scaling
from fnlab.simulator.backends import choose
from fnlab.simulator.endless import refuse_endless_queue
from fnlab.simulator.job import Job, check
from fnlab.simulator.tally import Tally
from fnlab.workload import Exponential, Law
from fnlab.workload.population import Population

Engine = Literal["auto", "compiled", "fast"]

#: Poisson arrivals and exponential service.
EXPONENTIAL = Exponential(1.0)

#: How often the progress bar looks.
LOOK_EVERY_S = 0.1


def simulate_many(
    population: Population,
    *,
    scaling: Scaling,
    init_s: Law,
    cold_s: Law | None = None,
    service: Law = EXPONENTIAL,
    interarrival: Law = EXPONENTIAL,
    seed: int = 0,
    batches: int = 1,
    rows: Sequence[int] = (),
    threads: int = 2,
    engine: Engine = "auto",
    progress: bool = True,
) -> Tally:
    """Simulate every function of a population under the same rules.

    An interrupt (Ctrl-C) keeps the functions that are finished; ``tally.done`` says which.

    Parameters
    ----------
    population : Population
        Rate, mean service time and memory of each function, and the window.
    scaling : Scaling
        The rules; each function has instances of its own.
    init_s : Law
        How long an instance takes to start.
    cold_s : Law, optional
        "Cold replaces warm": all that a request takes for which an instance is started.
    service, interarrival : Law
        Of mean 1 s: the service times of a function are this times its mean, the pauses between arrivals this divided
        by its rate. Exponential by default: Poisson arrivals and exponential service.
    seed : int
        Same seed, same numbers, whatever `threads` and `engine` are.
    batches : int
        Equal stretches into which the window is divided, for standard errors.
    rows : sequence of int
        Functions whose traces are wanted, too.
    threads : int
        How many work at once; one function is never divided.
    engine : str
        ``"compiled"`` needs the extra ``fast``; ``"fast"`` is plain Python; ``"auto"`` takes what is worth it.
    progress : bool
        Show a bar with the time that is left if it takes longer than a second.

    Returns
    -------
    Tally

    Raises
    ------
    BadValue
        If the rules hold something that only the reference engine knows, or a number makes no sense.

    Examples
    --------
    >>> from fnlab.workload import Constant
    >>> two = Population(rate_per_s=[0.5, 0.001], service_s=[0.2, 3], memory_mib=[128, 512], duration_s=86_400)
    >>> tally = simulate_many(two, scaling=Scaling(keep_alive_s=600), init_s=Constant(0.4), seed=1)
    >>> tally["invocations"].tolist(), tally["cold"].tolist()
    ([43237, 98], [55, 46])
    """
    if engine not in get_args(Engine):
        raise BadValue(f"engine must be one of {', '.join(get_args(Engine))}; got {engine!r}.")
    check(
        population, service=service, interarrival=interarrival, seed=seed, batches=batches, rows=rows, threads=threads
    )
    refuse_endless_queue(scaling, float((population.rate_per_s * population.service_s).max(initial=0)))
    module = choose(engine, scaling, requests=population.expected_invocations)
    if module is None:
        raise BadValue(
            f"many functions need rules that the fast engine knows, or numba and engine='compiled'; got {scaling!r}, "
            "of which only the reference engine knows all."
        )
    job = Job(
        population,
        scaling,
        module=module,
        init_s=init_s,
        cold_s=cold_s,
        service=service,
        interarrival=interarrival,
        seed=seed,
        batches=batches,
    )
    traces = {}
    with ThreadPoolExecutor(threads) as executor:
        try:
            futures = [executor.submit(job.play, number) for number in range(threads)]
            _watch(job, futures, progress=progress)
            traces = {function: job.trace(function) for function in rows}
        except KeyboardInterrupt:
            pass  # what is finished is the result
        finally:
            job.stop.set()
    return Tally(
        counts=job.counts,
        seconds=job.seconds,
        done=job.done,
        memory_mib=population.memory_mib,
        duration_s=population.duration_s,
        traces=traces,
    )


def _watch(job: Job, futures: "Sequence[Future[None]]", *, progress: bool) -> None:
    """Move the bar until all is done; raise what went wrong in a thread."""
    from tqdm.auto import tqdm

    with tqdm(
        total=round(job.population.expected_invocations),
        unit=" invocations",
        unit_scale=True,
        desc=f"{len(job.population):,} functions",
        delay=PATIENCE_S,
        disable=not progress,
    ) as bar:
        running = set(futures)
        while running:
            ended, running = wait(running, timeout=LOOK_EVERY_S, return_when=FIRST_EXCEPTION)
            for future in ended:
                future.result()
            bar.update(min(bar.total, job.served) - bar.n)
        bar.update(bar.total - bar.n)
