# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, assignment"
"""The compiled pool for one request an instance and no queue, with the most or the least recently used taken first.

Busy instances are a heap of ends, idle ones a ring in order of their last use: the next to serve is taken from its
young end (or its old one), the next to expire from its old end. Which instance it was is kept only when asked for;
totals need no names. Blocks of arrivals are worked off one after the other, and the state stays in the arrays.
"""

import numpy as np
from numba import njit

from fnlab.simulator.ledger import BUSY_S, COLD, EXPIRED, INSTANCE_S, INVOCATIONS, PEAK, REJECTED

#: Sizes and indices are unsigned: a signed index makes numba test for "counts from the end", a third of the speed.
NONE, ONE = np.uint64(0), np.uint64(1)

#: Serial numbers from here on are of instances that start for the promised minimum.
STARTUP = np.uint64(1 << 62)


@njit(nogil=True)
def push(ends_s, serials, owners, size, end_s, serial, owner):
    """Enter an end into a heap of `size`; without `serials` and `owners`, equal moments are alike."""
    place = size
    while place > NONE:
        parent = (place - ONE) >> ONE
        if ends_s[parent] < end_s:
            break
        if ends_s[parent] == end_s and (serials is None or serials[parent] < serial):
            break
        ends_s[place] = ends_s[parent]
        if serials is not None:
            serials[place], owners[place] = serials[parent], owners[parent]
        place = parent
    ends_s[place] = end_s
    if serials is not None:
        serials[place], owners[place] = serial, owner


@njit(nogil=True)
def drop_first(ends_s, serials, owners, size):
    """Take the first end out of a heap, of which `size` are left: the last one finds its place from the top."""
    place, child = NONE, ONE
    end_s = ends_s[size]
    while child < size:
        other = child + ONE
        if other < size:
            if ends_s[other] < ends_s[child] or (
                serials is not None and ends_s[other] == ends_s[child] and serials[other] < serials[child]
            ):
                child = other
        if ends_s[child] > end_s:
            break
        if ends_s[child] == end_s and (serials is None or serials[child] > serials[size]):
            break
        ends_s[place] = ends_s[child]
        if serials is not None:
            serials[place], owners[place] = serials[child], owners[child]
        place, child = child, (child << ONE) + ONE
    ends_s[place] = end_s
    if serials is not None:
        serials[place], owners[place] = serials[size], owners[size]


@njit(nogil=True)
def give_back(now_s, busy, tail, promised_tail, least, ends_s, serials, owners, since_s, idle, promised):
    """Make idle what has ended by now."""
    mask = np.uint64(len(since_s) - 1)
    while busy > NONE and ends_s[0] <= now_s:
        if serials is not None and owners[0] < least:
            promised[promised_tail & np.uint64(len(promised) - 1)] = owners[0]
            promised_tail += ONE
        else:
            since_s[tail & mask] = ends_s[0]
            if serials is not None:
                idle[tail & mask] = owners[0]
            tail += ONE
        busy -= ONE
        drop_first(ends_s, serials, owners, busy)
    return busy, tail, promised_tail


@njit(nogil=True)
def expire(now_s, inclusive, keep_s, until_s, head, tail, since_s, idle, stopped_s):
    """Stop what has been idle for too long; give the new old end, and the seconds of the batch that are saved."""
    mask = np.uint64(len(since_s) - 1)
    saved_s = 0.0
    while head != tail:
        due_s = since_s[head & mask] + keep_s
        if due_s > now_s or (due_s == now_s and not inclusive):
            break
        if stopped_s is not None:
            stopped_s[idle[head & mask]] = due_s
        saved_s += until_s - due_s
        head += ONE
    return head, saved_s


@njit(nogil=True)
def overhang(at_s, busy, ends_s, serials):
    """Add up what running requests still need after a moment, in an order that every engine can repeat."""
    ahead_s = np.empty(busy)
    count = NONE
    for place in range(busy):
        if serials is None or serials[place] < STARTUP:
            ahead_s[count] = ends_s[place]
            count += ONE
    total_s = 0.0
    for end_s in np.sort(ahead_s[:count]):
        total_s += end_s - at_s
    return total_s


@njit(cache=True, nogil=True)
def play(
    arrivals_s,
    service_s,
    init_s,
    replaces,
    keep_s,
    most,
    least,
    latest,
    edges_s,
    finish,
    ends_s,
    serials,
    owners,
    since_s,
    idle,
    promised,
    states,
    counts,
    seconds,
    served_by,
    created_s,
    stopped_s,
):
    """Let a block of requests arrive; give how many could be served before `init_s` ran out.

    Parameters
    ----------
    arrivals_s, service_s : ndarray of shape (n_requests,)
        The block.
    init_s : ndarray
        What the next instances to be started take for it.
    replaces : bool
        A start takes all of what its request takes.
    keep_s, most, least, latest : float, uint64, int64, bool
        Keep-alive, maximum, promised minimum; whether the latest used is taken.
    edges_s : ndarray of shape (n_batches,)
        Where batches end.
    finish : bool
        This is the last block: go on to the last edge.
    ends_s, serials, owners : ndarray
        The heap of busy instances; the last two, `idle` and `promised` are None if instances have no names.
    since_s, idle : ndarray
        The ring of idle ones, of a power of two.
    promised : ndarray
        The ring of idle provisioned ones, of a power of two.
    states : ndarray of STACK, of shape (1,)
        What is carried from block to block.
    counts, seconds : ndarray of shape (n_batches, n_columns)
        See :mod:`fnlab.simulator.ledger`.
    served_by, created_s, stopped_s : ndarray or None
        Rows for each request and each instance, written if given.
    """
    state = states[0]
    busy, head, tail, alive, started = state.busy, state.head, state.tail, state.alive, state.started
    promised_head, promised_tail = state.promised_head, state.promised_tail
    serial, batch, base = state.serial, state.batch, state.started
    busy_s, instance_s, before_s = state.busy_s, state.instance_s, state.overhang_s
    mask = np.uint64(len(since_s) - 1)
    last = np.uint64(len(edges_s) - 1)
    until_s = edges_s[batch]
    left = np.uint64(len(init_s))
    total = np.uint64(len(arrivals_s))
    request, counted = NONE, NONE
    cold, rejected = NONE, NONE
    while True:
        ending = request == total
        if ending and not finish:
            break
        now_s = edges_s[last] if ending else arrivals_s[request]
        while (now_s >= until_s and batch < last) or (ending and batch == last):
            busy, tail, promised_tail = give_back(
                until_s, busy, tail, promised_tail, least, ends_s, serials, owners, since_s, idle, promised
            )
            head_before = head
            head, saved_s = expire(
                until_s, ending and batch == last, keep_s, until_s, head, tail, since_s, idle, stopped_s
            )
            alive -= head - head_before
            after_s = overhang(until_s, busy, ends_s, serials)
            seconds[batch, BUSY_S] = busy_s + before_s - after_s
            seconds[batch, INSTANCE_S] = instance_s - saved_s
            counts[batch, INVOCATIONS] += request - counted
            counts[batch, COLD] += cold
            counts[batch, REJECTED] += rejected
            counts[batch, EXPIRED] += head - head_before
            counted, cold, rejected = request, NONE, NONE
            before_s, busy_s, instance_s = after_s, 0.0, 0.0
            batch += ONE
            if batch > last:
                break
            instance_s = alive * (edges_s[batch] - until_s)
            counts[batch, PEAK] = alive
            until_s = edges_s[batch]
        if ending:
            break
        busy, tail, promised_tail = give_back(
            now_s, busy, tail, promised_tail, least, ends_s, serials, owners, since_s, idle, promised
        )
        if head != tail and since_s[head & mask] + keep_s < now_s:
            head_before = head
            head, saved_s = expire(now_s, False, keep_s, until_s, head, tail, since_s, idle, stopped_s)
            alive -= head - head_before
            counts[batch, EXPIRED] += head - head_before
            instance_s -= saved_s
        wait_s, work_s = 0.0, service_s[request]
        owner = 0
        if serials is not None and promised_head != promised_tail:
            if latest:
                promised_tail -= ONE
                owner = promised[promised_tail & np.uint64(len(promised) - 1)]
            else:
                owner = promised[promised_head & np.uint64(len(promised) - 1)]
                promised_head += ONE
        elif head != tail:
            if latest:
                tail -= ONE
                if serials is not None:
                    owner = idle[tail & mask]
            else:
                if serials is not None:
                    owner = idle[head & mask]
                head += ONE
        elif alive < most:
            if started - base == left:
                break
            wait_s = init_s[started - base]
            if replaces:
                work_s = 0.0
            owner = np.int64(started)
            if served_by is not None:
                created_s[owner] = now_s
            started += ONE
            alive += ONE
            cold += ONE
            instance_s += until_s - now_s
            counts[batch, PEAK] = max(counts[batch, PEAK], alive)
        else:
            if served_by is not None:
                served_by[request] = -1
            rejected += ONE
            request += ONE
            continue
        if served_by is not None:
            served_by[request] = owner
        busy_s += wait_s + work_s
        push(ends_s, serials, owners, busy, now_s + wait_s + work_s, serial, owner)
        busy += ONE
        serial += ONE
        request += ONE
    counts[min(batch, last), INVOCATIONS] += request - counted
    counts[min(batch, last), COLD] += cold
    counts[min(batch, last), REJECTED] += rejected
    state.busy, state.head, state.tail, state.alive, state.started = busy, head, tail, alive, started
    state.promised_head, state.promised_tail = promised_head, promised_tail
    state.serial, state.batch = serial, batch
    state.busy_s, state.instance_s, state.overhang_s = busy_s, instance_s, before_s
    return request
