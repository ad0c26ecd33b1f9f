"""One piece of work in many municipalities at once: processes, each with one municipality at a time.

What is wrong with one stops no other. Outcomes are yielded as they come, and at most a few wait at a time, so that
memory does not grow with the fleet. What was done before and did not change is not done again (`memory`); so a run that
was interrupted goes on where it was.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics import reporters
from signalen_toolkit.diagnostics.hiding import without_contents
from signalen_toolkit.diagnostics.problems import ProblemsError, UsageError
from signalen_toolkit.fleet.clones import present
from signalen_toolkit.fleet.listing import Fleet, Member
from signalen_toolkit.fleet.memory import Memory
from signalen_toolkit.fleet.outcome import Ending, MemberOutcome
from signalen_toolkit.repository.template_state import require_known

if TYPE_CHECKING:
    from concurrent.futures import Future

Work = Callable[[str, Path], MemberOutcome]

_FEW: Final = 3  # municipalities for which no process is worth its start
_WAITING: Final = 4  # for each process


def run(
    fleet: Fleet, members: Iterable[Member], work: Work, memory: Memory | None, processes: int = 0
) -> Iterator[MemberOutcome]:
    """Do a piece of work in each municipality and yield what came of it, in the order in which they are done.

    `work` is called with the name of a municipality and its folder, in another process. Without a memory everything is
    done. `processes` are as many as there are processors by default.
    """
    left = []
    for member in members:
        before = memory.recall(member) if memory else None
        if before is not None:
            yield before
        else:
            left.append(member)
    count = min(processes or _processors(), len(left))
    if count <= 1 or len(left) <= _FEW:
        for member in left:
            yield _one(fleet, member, work=work, memory=memory)
        return
    catalog()  # here and not in each of them
    yield from _spread(fleet, left, work, memory, count)


def _spread(
    fleet: Fleet, members: list[Member], work: Work, memory: Memory | None, count: int
) -> Iterator[MemberOutcome]:
    import multiprocessing  # only where there is much to do
    from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
    from concurrent.futures.process import BrokenProcessPool

    waiting: dict[Future[MemberOutcome], Member] = {}
    rest = iter(members)
    # What all of them need is sent to a process once, and not with each municipality.
    context, shared = multiprocessing.get_context(_method()), partial(_one, fleet, work=work, memory=memory)
    pool = ProcessPoolExecutor(count, mp_context=context, initializer=_begin, initargs=(shared,))
    try:
        while True:
            for member in islice(rest, count * _WAITING - len(waiting)):
                waiting[pool.submit(_do, member)] = member
            if not waiting:
                return
            for done in wait(waiting, return_when=FIRST_COMPLETED).done:
                member = waiting.pop(done)
                yield _result(done, member)
    except BrokenProcessPool as error:
        raise UsageError("a process of ours was killed, perhaps for want of memory; the next run goes on") from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)  # whoever is at work ends it whole


def _result(done: Future[MemberOutcome], member: Member) -> MemberOutcome:
    from concurrent.futures.process import BrokenProcessPool

    try:
        return done.result()
    except BrokenProcessPool:
        raise
    except Exception as error:  # noqa: BLE001  # a fault of ours in one municipality is no reason to leave the others
        return MemberOutcome(member.name, Ending.FAILED, f"{type(error).__name__}: {error}")


def _one(fleet: Fleet, member: Member, *, work: Work, memory: Memory | None) -> MemberOutcome:
    folder = fleet.folder(member)
    try:
        present(fleet, member)
        require_known(folder)
        key, form = memory.keys(member) if memory else (None, None)
        found = work(member.name, folder)
    except ProblemsError as error:
        problems = reporters.without_secrets(error.problems)
        return MemberOutcome(member.name, Ending.PROBLEMS, reporters.summary(problems), tuple(problems))
    except UsageError as error:
        return MemberOutcome(member.name, Ending.FAILED, without_contents(str(error)))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return MemberOutcome(member.name, Ending.FAILED, f"{where}{error.strerror or error}")
    if memory and key and found.stands:
        memory.look_again()
        now, same = memory.keys(member)
        if now == key:
            memory.keep(member, key, found)
        elif now and found.then and same == form:
            memory.keep(member, now, replace(found, said=found.then, then=""))
    return replace(found, problems=tuple(reporters.without_secrets(found.problems)))


_here: list[Callable[[Member], MemberOutcome]] = []  # in a process of the pool: the work, with all but who it is for


def _do(member: Member) -> MemberOutcome:
    return _here[0](member)


def _begin(work: Callable[[Member], MemberOutcome]) -> None:
    """Get the work; let Ctrl-C end the one who gives it out, and not half of it."""
    _here[:] = [work]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _method() -> str:
    """Return how processes begin: where that is safe, with everything that is loaded here."""
    return "fork" if os.uname().sysname == "Linux" else "spawn"


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
