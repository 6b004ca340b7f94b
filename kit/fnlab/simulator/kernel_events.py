# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"
"""The compiled scheduler: every rule with numbers in it, event by event, for block after block of requests.

It decides as :class:`fnlab.scheduler.Scheduler` does and keeps time as the reference engine does.
"""

import numpy as np
from numba import njit

from fnlab.simulator.kernel_agenda import READY, drop_first
from fnlab.simulator.kernel_line import NOBODY, first_in_line, line_up
from fnlab.simulator.kernel_moves import (
    admit,
    assign,
    expire,
    left_s,
    may_start,
    next_token_s,
    outwait,
    refuse,
    start,
    start_ahead,
)
from fnlab.simulator.ledger import (
    BUSY_S,
    COLD,
    EXPIRED,
    INSTANCE_S,
    INVOCATIONS,
    PEAK,
    REJECTED,
    WAIT_S,
    WAITED,
)

#: What comes first at one moment, as in :data:`fnlab.scheduler.RANK`: what was to come, a request, an alarm.
_DUE, _ARRIVAL, _WAKE = range(3)


@njit(nogil=True)
def wake_at(book, pool, rules):
    """When something happens by itself: an instance expires, a wait ends, a start is allowed."""
    due_s = np.inf
    if pool.longest_idle != NOBODY:
        due_s = book[pool.longest_idle].since_s + rules.keep_s
    if pool.waiting > 0:
        due_s = min(due_s, book[pool.first & (len(book) - 1)].arrival_s + rules.max_wait_s)
        wanted = not rules.hands_over or pool.waiting > pool.unready * rules.concurrency
        if rules.burst > 0 and wanted and pool.alive < rules.most:
            due_s = min(due_s, next_token_s(pool, rules))
    return due_s


@njit(nogil=True)
def arrive(book, pool, rules, starts_s, work_s, now_s, rows):
    """Serve a request, let it wait, or turn it away."""
    request = pool.arrived
    pool.arrived += 1
    pool.counted += 1
    if pool.waiting > 0:
        outwait(book, pool, rules, False, now_s, rows)
        admit(book, pool, rules, starts_s, now_s, rows)
    if pool.waiting == 0:
        slot = first_in_line(book, pool, rules)
        if slot == NOBODY and not rules.hands_over and may_start(pool, rules, now_s):
            slot = start(book, pool, rules, starts_s[pool.started - pool.base], now_s, rows)
        if slot != NOBODY:
            assign(book, pool, rules, request, now_s, work_s, slot, now_s, False, rows)
            return
    if rules.max_wait_s == 0 or pool.waiting >= rules.max_queue:
        refuse(pool, rules, request, now_s, rows)
        return
    if rules.hands_over:
        start_ahead(book, pool, rules, starts_s, 1, now_s, rows)
    asks = book[(pool.first + pool.waiting) & (len(book) - 1)]
    asks.request, asks.arrival_s, asks.work_s = request, now_s, work_s
    pool.waiting += 1


@njit(nogil=True)
def settle(book, pool, rules, starts_s, now_s, rows):
    """Let what was to come happen: a request ends, or an instance becomes ready."""
    slot, is_ready = book[0].slot, book[0].order >= READY
    drop_first(book, pool)
    instance = book[slot]
    if is_ready and instance.is_ready:  # by a request that ended at the same moment
        return
    if not instance.is_ready:
        instance.is_ready = True
        pool.unready -= 1
    if not is_ready:
        instance.load -= 1
        if instance.load == 0:
            pool.busy -= 1
            pool.busy_s -= left_s(pool, now_s)
    line_up(book, pool, rules, slot, now_s)
    if pool.waiting > 0:
        outwait(book, pool, rules, False, now_s, rows)
        admit(book, pool, rules, starts_s, now_s, rows)


@njit(nogil=True)
def write_down(pool, counts, seconds):
    """Write down a batch's totals."""
    counts[INVOCATIONS], counts[COLD], counts[REJECTED] = pool.counted, pool.cold, pool.rejected
    counts[EXPIRED], counts[WAITED], counts[PEAK] = pool.expired, pool.waited, pool.peak
    seconds[BUSY_S], seconds[INSTANCE_S], seconds[WAIT_S] = pool.busy_s, pool.instance_s, pool.wait_s


@njit(nogil=True)
def begin_batch(pool, until_s):
    """Begin the next batch, up to then, with what there is."""
    length_s = until_s - pool.until_s
    pool.batch += 1
    pool.until_s = until_s
    pool.counted = pool.cold = pool.rejected = pool.expired = pool.waited = 0
    pool.peak = pool.alive
    pool.busy_s, pool.instance_s, pool.wait_s = pool.busy * length_s, pool.alive * length_s, 0.0


@njit(cache=True, nogil=True)
def play(book, pools, rules, edges_s, promised_s, arrivals_s, service_s, starts_s, finish, counts, seconds, rows):
    """Let a block of requests arrive; with `finish`, go on to the last edge, and until nobody waits.

    Parameters
    ----------
    book : ndarray of LINE
        As many lines as there can be instances, moments to come and waiting requests, and a power of two.
    pools : ndarray of POOL, of shape (1,)
        How the pool stands, carried from block to block.
    rules : Rules
    edges_s : ndarray of shape (n_batches,)
        Where batches end.
    promised_s : ndarray of shape (min_instances,)
        What the provisioned instances take to start, when the window opens.
    arrivals_s, service_s : ndarray of shape (n_requests,)
        The block.
    starts_s : ndarray
        What the next instances take to start; as many as there are requests, those who wait included.
    finish : bool
        This is the last block.
    counts, seconds : ndarray of shape (n_batches, n_columns)
        See :mod:`fnlab.simulator.ledger`.
    rows : ndarray of ROW
        Of all requests and instances; written if the rules say so.
    """
    pool = pools[0]
    while pool.started < len(promised_s):
        start(book, pool, rules, promised_s[pool.started], 0.0, rows)
    pool.base = pool.started
    last, total, request = len(edges_s) - 1, len(arrivals_s), 0
    while request < total or finish:
        at_s, what = np.inf, _ARRIVAL
        if request < total:
            at_s = arrivals_s[request]
        if pool.coming > 0 and book[0].due_s <= at_s:
            at_s, what = book[0].due_s, _DUE
        due_s = wake_at(book, pool, rules)
        if due_s < at_s:
            at_s, what = due_s, _WAKE
        while pool.batch < last and (at_s > pool.until_s or (at_s == pool.until_s and what != _DUE)):
            write_down(pool, counts[pool.batch], seconds[pool.batch])
            begin_batch(pool, edges_s[pool.batch + 1])
        if at_s == np.inf or (at_s > pool.end_s and pool.waiting == 0):
            break
        if what == _DUE:
            settle(book, pool, rules, starts_s, at_s, rows)
        elif what == _ARRIVAL:
            arrive(book, pool, rules, starts_s, service_s[request], at_s, rows)
            request += 1
        else:
            admit(book, pool, rules, starts_s, at_s, rows)
            outwait(book, pool, rules, True, at_s, rows)
            expire(book, pool, rules, at_s, rows)
    if finish:
        write_down(pool, counts[pool.batch], seconds[pool.batch])
    return request
