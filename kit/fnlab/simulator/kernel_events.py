# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"
"""The compiled scheduler: every rule with numbers in it, event by event, for block after block of requests.

It decides as :class:`fnlab.scheduler.Scheduler` does and keeps time as the reference engine does. An instance has a
slot, which another one takes over when it is gone. By what it can do next it is on one of four shelves, or on none.
"""

import numpy as np
from numba import njit

#: Shelves: idle and provisioned, idle on demand, ready with free places, starting with free places.
PROMISED, IDLE, SHARED, STARTING, NOWHERE = range(5)

#: Policies of reuse.
LATEST, LONGEST, NEWEST, OLDEST = range(4)

#: Places in `state` and `clock`.
ALIVE, STARTED, SERVING, COMING, UNREADY, FIRST, WAITING, SERIAL, ARRIVED, BATCH, TAKEN, FREE, BUSY = range(13)
FULL_S, BUSY_SO_FAR_S, INSTANCE_SO_FAR_S, WAIT_SO_FAR_S = range(4)
STATE, CLOCK = BUSY + 1, WAIT_SO_FAR_S + 1

#: Columns of `counts` and `seconds`; numba compiles anew when this file changes and no other, so they stand here, too.
INVOCATIONS, COLD, REJECTED, EXPIRED, WAITED, PEAK = range(6)
BUSY_S, INSTANCE_S, WAIT_S = range(3)

#: Which of several events at one moment comes first, as in :data:`fnlab.scheduler.RANK`.
FINISHED, READY, ARRIVAL, WAKE = 1, 2, 4, 5

NOBODY = -1


@njit(cache=True, nogil=True)
def push(times_s, serials, slots, size, at_s, serial, slot):
    """Enter a moment into a heap of `size`."""
    place = size
    while place > 0:
        parent = (place - 1) >> 1
        if times_s[parent] < at_s or (times_s[parent] == at_s and serials[parent] < serial):
            break
        times_s[place], serials[place], slots[place] = times_s[parent], serials[parent], slots[parent]
        place = parent
    times_s[place], serials[place], slots[place] = at_s, serial, slot


@njit(cache=True, nogil=True)
def drop_first(times_s, serials, slots, size):
    """Take the first moment out of a heap, of which `size` are left."""
    at_s, serial, slot = times_s[size], serials[size], slots[size]
    place, child = 0, 1
    while child < size:
        other = child + 1
        if other < size and (
            times_s[other] < times_s[child] or (times_s[other] == times_s[child] and serials[other] < serials[child])
        ):
            child = other
        if times_s[child] > at_s or (times_s[child] == at_s and serials[child] > serial):
            break
        times_s[place], serials[place], slots[place] = times_s[child], serials[child], slots[child]
        place, child = child, 2 * child + 1
    times_s[place], serials[place], slots[place] = at_s, serial, slot


@njit(cache=True, nogil=True)
def lift(books, shelf, newest, place, slot):
    """Let a slot rise in a shelf's heap from a free place to its own."""
    heap, number = books.heaps[shelf], books.number
    while place > 0:
        parent = (place - 1) >> 1
        if (number[heap[parent]] < number[slot]) != newest:
            break
        heap[place] = heap[parent]
        books.place[heap[place]] = place
        place = parent
    heap[place] = slot
    books.place[slot] = place


@njit(cache=True, nogil=True)
def sink(books, shelf, newest, place, slot):
    """Let a slot sink in a shelf's heap from a free place to its own."""
    heap, number, size = books.heaps[shelf], books.number, books.sizes[shelf]
    child = 2 * place + 1
    while child < size:
        if child + 1 < size and (number[heap[child + 1]] < number[heap[child]]) != newest:
            child += 1
        if (number[slot] < number[heap[child]]) != newest:
            break
        heap[place] = heap[child]
        books.place[heap[place]] = place
        place, child = child, 2 * child + 1
    heap[place] = slot
    books.place[slot] = place


@njit(cache=True, nogil=True)
def shelve(books, rules, slot, now_s):
    """Put an instance where it belongs now: by its load, and whether it is ready."""
    load, is_ready = books.load[slot], books.is_ready[slot]
    shelf = NOWHERE
    if load == 0:
        if is_ready:
            shelf = PROMISED if books.number[slot] < rules.least else IDLE
    elif load < rules.concurrency:
        shelf = SHARED if is_ready else STARTING
    old = books.shelf[slot]
    if shelf == old:
        return
    if old != NOWHERE:
        unshelve(books, rules, slot)
    books.shelf[slot] = shelf
    if shelf == PROMISED or shelf == IDLE:
        books.since_s[slot] = now_s
        last = books.ends[shelf, 1]
        books.before[slot], books.after[slot] = last, NOBODY
        if last == NOBODY:
            books.ends[shelf, 0] = slot
        else:
            books.after[last] = slot
        books.ends[shelf, 1] = slot
        if rules.policy < NEWEST:
            return
    if shelf != NOWHERE:
        size = books.sizes[shelf]
        books.sizes[shelf] = size + 1
        lift(books, shelf, shelf <= IDLE and rules.policy == NEWEST, size, slot)


@njit(cache=True, nogil=True)
def unshelve(books, rules, slot):
    """Take an instance from its shelf."""
    shelf = books.shelf[slot]
    books.shelf[slot] = NOWHERE
    if shelf == PROMISED or shelf == IDLE:
        before, after = books.before[slot], books.after[slot]
        if before == NOBODY:
            books.ends[shelf, 0] = after
        else:
            books.after[before] = after
        if after == NOBODY:
            books.ends[shelf, 1] = before
        else:
            books.before[after] = before
        if rules.policy < NEWEST:
            return
    size = books.sizes[shelf] - 1
    books.sizes[shelf] = size
    place, moved = books.place[slot], books.heaps[shelf, size]
    if moved != slot:
        newest = shelf <= IDLE and rules.policy == NEWEST
        lift(books, shelf, newest, place, moved)
        sink(books, shelf, newest, books.place[moved], moved)


@njit(cache=True, nogil=True)
def with_place(books, rules):
    """Choose the slot for the next request, as the scheduler's pool does; -1 for none."""
    if books.sizes[SHARED] > 0:
        return books.heaps[SHARED, 0]
    for shelf in (PROMISED, IDLE):
        if books.ends[shelf, 0] != NOBODY:
            if rules.policy == LATEST:
                return books.ends[shelf, 1]
            return books.ends[shelf, 0] if rules.policy == LONGEST else books.heaps[shelf, 0]
    if books.sizes[STARTING] > 0 and not rules.hands_over:
        return books.heaps[STARTING, 0]
    return NOBODY


@njit(cache=True, nogil=True)
def next_token_s(books, rules):
    """When the growth limit allows a start, as :class:`fnlab.scheduler.bucket.TokenBucket` computes it."""
    return books.clock[FULL_S] + (books.state[TAKEN] + 1 - rules.burst) / rules.growth_per_s


@njit(cache=True, nogil=True)
def may_start(books, rules, now_s):
    """Tell whether another instance may start now; if so, a token is taken."""
    if books.state[ALIVE] >= rules.most:
        return False
    if rules.burst == 0:
        return True
    if now_s >= books.clock[FULL_S] + books.state[TAKEN] / rules.growth_per_s:
        books.clock[FULL_S], books.state[TAKEN] = now_s, 0
    if now_s < next_token_s(books, rules):
        return False
    books.state[TAKEN] += 1
    return True


@njit(cache=True, nogil=True)
def start(books, now_s, start_s, until_s, counts, rows):
    """Start an instance; give its slot."""
    state = books.state
    state[FREE] -= 1
    slot = books.free[state[FREE]]
    number = state[STARTED]
    books.number[slot], books.load[slot], books.is_ready[slot], books.is_used[slot] = number, 0, False, False
    books.shelf[slot], books.created_s[slot], books.ready_s[slot] = NOWHERE, now_s, now_s + start_s
    state[STARTED] += 1
    state[ALIVE] += 1
    push(books.up_s, books.up_serial, books.up_slot, state[COMING], now_s + start_s, state[SERIAL], slot)
    state[SERIAL] += 1
    state[COMING] += 1
    state[UNREADY] += 1
    books.clock[INSTANCE_SO_FAR_S] += until_s - now_s
    counts[PEAK] = max(counts[PEAK], state[ALIVE])
    if rows is not None:
        rows.created_s[number], rows.ready_s[number] = now_s, now_s + start_s
    return slot


@njit(cache=True, nogil=True)
def promise(books, starts_s, until_s, counts, rows):
    """Start the provisioned instances, when the window opens."""
    for start_s in starts_s:
        start(books, 0.0, start_s, until_s, counts, rows)


@njit(cache=True, nogil=True)
def assign(books, rules, request, arrival_s, work_s, slot, now_s, has_waited, until_s, counts, rows):
    """Give a place of an instance to a request."""
    state, clock = books.state, books.clock
    ready_s = books.ready_s[slot]
    cold = not books.is_ready[slot] or (
        rules.hands_over and has_waited and not books.is_used[slot] and books.number[slot] >= rules.least
    )
    start_s = max(now_s, ready_s)
    init_s = start_s - now_s
    if cold and now_s >= ready_s:
        init_s = min(start_s - arrival_s, ready_s - books.created_s[slot])
    end_s = start_s if cold and rules.replaces else start_s + work_s
    if books.load[slot] == 0:
        clock[BUSY_SO_FAR_S] += until_s - now_s
        state[BUSY] += 1
    books.load[slot] += 1
    books.is_used[slot] = True
    shelve(books, rules, slot, now_s)
    push(books.end_s, books.end_serial, books.end_slot, state[SERVING], end_s, state[SERIAL], slot)
    state[SERIAL] += 1
    state[SERVING] += 1
    counts[COLD] += cold
    if now_s > arrival_s:
        counts[WAITED] += 1
        clock[WAIT_SO_FAR_S] += now_s - arrival_s
    if rows is not None:
        rows.instance[request] = books.number[slot]
        rows.start_s[request], rows.end_s[request], rows.init_s[request] = start_s, end_s, init_s


@njit(cache=True, nogil=True)
def refuse(request, now_s, counts, rows):
    """Turn a request away."""
    counts[REJECTED] += 1
    if rows is not None:
        rows.instance[request] = NOBODY
        rows.start_s[request], rows.end_s[request], rows.init_s[request] = now_s, now_s, 0.0


@njit(cache=True, nogil=True)
def start_ahead(books, rules, starts_s, base, now_s, joining, until_s, counts, rows):
    """Start what those who wait need; none of them is tied to it."""
    state = books.state
    while state[WAITING] + joining > state[UNREADY] * rules.concurrency and may_start(books, rules, now_s):
        start(books, now_s, starts_s[state[STARTED] - base], until_s, counts, rows)


@njit(cache=True, nogil=True)
def admit(books, rules, starts_s, base, now_s, until_s, counts, rows):
    """Give places to those who wait, as long as there are any."""
    state, mask = books.state, len(books.queued) - 1
    while state[WAITING] > 0:
        slot = with_place(books, rules)
        if slot == NOBODY:
            if rules.hands_over or not may_start(books, rules, now_s):
                break
            slot = start(books, now_s, starts_s[state[STARTED] - base], until_s, counts, rows)
        at = state[FIRST] & mask
        assign(
            books, rules, books.queued[at], books.queued_s[at], books.queued_work_s[at], slot, now_s, True, until_s,
            counts, rows,
        )  # fmt: skip
        state[FIRST] += 1
        state[WAITING] -= 1
    if state[WAITING] > 0 and rules.hands_over:
        start_ahead(books, rules, starts_s, base, now_s, 0, until_s, counts, rows)


@njit(cache=True, nogil=True)
def outwait(books, rules, now_s, inclusive, counts, rows):
    """Refuse who has waited for longer than allowed, or for just as long."""
    state, mask = books.state, len(books.queued) - 1
    while state[WAITING] > 0:
        at = state[FIRST] & mask
        due_s = books.queued_s[at] + rules.max_wait_s
        if due_s > now_s or (due_s == now_s and not inclusive):
            break
        refuse(books.queued[at], now_s, counts, rows)
        state[FIRST] += 1
        state[WAITING] -= 1


@njit(cache=True, nogil=True)
def up(books, slot):
    """Note that an instance is ready, if it was not."""
    if not books.is_ready[slot]:
        books.is_ready[slot] = True
        books.state[UNREADY] -= 1


@njit(cache=True, nogil=True)
def expire(books, rules, now_s, until_s, end_s, counts, rows):
    """Stop what has been idle for as long as it is kept."""
    state = books.state
    while books.ends[IDLE, 0] != NOBODY and books.since_s[books.ends[IDLE, 0]] + rules.keep_s <= now_s:
        slot = books.ends[IDLE, 0]
        unshelve(books, rules, slot)
        books.free[state[FREE]] = slot
        state[FREE] += 1
        state[ALIVE] -= 1
        counts[EXPIRED] += 1
        books.clock[INSTANCE_SO_FAR_S] -= until_s - now_s
        if rows is not None and now_s <= end_s:
            rows.stopped_s[books.number[slot]] = now_s


@njit(cache=True, nogil=True)
def wake_at(books, rules):
    """When something happens by itself: an instance expires, a wait ends, a start is allowed."""
    state, due_s = books.state, np.inf
    if books.ends[IDLE, 0] != NOBODY:
        due_s = books.since_s[books.ends[IDLE, 0]] + rules.keep_s
    if state[WAITING] > 0:
        due_s = min(due_s, books.queued_s[state[FIRST] & (len(books.queued) - 1)] + rules.max_wait_s)
        wanted = not rules.hands_over or state[WAITING] > state[UNREADY] * rules.concurrency
        if rules.burst > 0 and wanted and state[ALIVE] < rules.most:
            due_s = min(due_s, next_token_s(books, rules))
    return due_s


@njit(cache=True, nogil=True)
def arrive(books, rules, starts_s, base, request, now_s, work_s, until_s, counts, rows):
    """Serve a request, let it wait, or turn it away."""
    state = books.state
    counts[INVOCATIONS] += 1
    if state[WAITING] > 0:
        outwait(books, rules, now_s, False, counts, rows)
        admit(books, rules, starts_s, base, now_s, until_s, counts, rows)
    if state[WAITING] == 0:
        slot = with_place(books, rules)
        if slot == NOBODY and not rules.hands_over and may_start(books, rules, now_s):
            slot = start(books, now_s, starts_s[state[STARTED] - base], until_s, counts, rows)
        if slot != NOBODY:
            assign(books, rules, request, now_s, work_s, slot, now_s, False, until_s, counts, rows)
            return
    if rules.hands_over:
        start_ahead(books, rules, starts_s, base, now_s, 1, until_s, counts, rows)
    if rules.max_wait_s == 0 or state[WAITING] >= rules.max_queue:
        refuse(request, now_s, counts, rows)
        return
    at = (state[FIRST] + state[WAITING]) & (len(books.queued) - 1)
    books.queued[at], books.queued_s[at], books.queued_work_s[at] = request, now_s, work_s
    state[WAITING] += 1


@njit(cache=True, nogil=True)
def close_batch(books, seconds, until_s, next_s):
    """Write down the times of a batch that ends, and begin the next."""
    clock = books.clock
    seconds[BUSY_S], seconds[INSTANCE_S] = clock[BUSY_SO_FAR_S], clock[INSTANCE_SO_FAR_S]
    seconds[WAIT_S] = clock[WAIT_SO_FAR_S]
    clock[BUSY_SO_FAR_S] = books.state[BUSY] * (next_s - until_s)
    clock[INSTANCE_SO_FAR_S] = books.state[ALIVE] * (next_s - until_s)
    clock[WAIT_SO_FAR_S] = 0.0


@njit(cache=True, nogil=True)
def play(arrivals_s, service_s, starts_s, rules, edges_s, finish, books, all_counts, seconds, rows):
    """Let a block of requests arrive; with `finish`, go on to the last edge, and until nobody waits.

    Parameters
    ----------
    arrivals_s, service_s : ndarray of shape (n_requests,)
        The block.
    starts_s : ndarray
        What the next instances to be started take for it; as many as there are requests, those who wait included.
    rules : Rules
    edges_s : ndarray of shape (n_batches,)
        Where batches end.
    finish : bool
        This is the last block.
    books : Books
        What is carried from block to block.
    all_counts, seconds : ndarray of shape (n_batches, n_columns)
        See :mod:`fnlab.simulator.ledger`.
    rows : NamedTuple of ndarray, or None
        Rows of all requests and instances, written if given.
    """
    state = books.state
    last, total, base = len(edges_s) - 1, len(arrivals_s), state[STARTED]
    batch = state[BATCH]
    until_s, end_s = edges_s[batch], edges_s[last]
    counts = all_counts[batch]
    is_open, request = True, 0
    while request < total or finish:
        at_s, rank = np.inf, ARRIVAL
        if request < total:
            at_s = arrivals_s[request]
        if state[COMING] > 0 and books.up_s[0] <= at_s:
            at_s, rank = books.up_s[0], READY
        if state[SERVING] > 0 and books.end_s[0] <= at_s:
            at_s, rank = books.end_s[0], FINISHED
        due_s = wake_at(books, rules)
        if due_s < at_s:
            at_s, rank = due_s, WAKE
        while batch < last and (at_s > until_s or (at_s == until_s and rank >= ARRIVAL)):
            close_batch(books, seconds[batch], until_s, edges_s[batch + 1])
            batch += 1
            until_s, counts = edges_s[batch], all_counts[batch]
            counts[PEAK] = state[ALIVE]
        if is_open and at_s > end_s:
            is_open = False
            close_batch(books, seconds[batch], until_s, until_s)
        if at_s == np.inf or (not is_open and state[WAITING] == 0):
            break
        if rank == ARRIVAL:
            number = state[ARRIVED]
            state[ARRIVED] += 1
            arrive(books, rules, starts_s, base, number, at_s, service_s[request], until_s, counts, rows)
            request += 1
            continue
        if rank == WAKE:
            admit(books, rules, starts_s, base, at_s, until_s, counts, rows)
            outwait(books, rules, at_s, True, counts, rows)
            expire(books, rules, at_s, until_s, end_s, counts, rows)
            continue
        if rank == FINISHED:
            slot = books.end_slot[0]
            state[SERVING] -= 1
            drop_first(books.end_s, books.end_serial, books.end_slot, state[SERVING])
            books.load[slot] -= 1
            if books.load[slot] == 0:
                state[BUSY] -= 1
                books.clock[BUSY_SO_FAR_S] -= until_s - at_s
        else:
            slot = books.up_slot[0]
            state[COMING] -= 1
            drop_first(books.up_s, books.up_serial, books.up_slot, state[COMING])
            if books.is_ready[slot]:
                continue
        up(books, slot)
        shelve(books, rules, slot, at_s)
        if state[WAITING] > 0:
            outwait(books, rules, at_s, False, counts, rows)
            admit(books, rules, starts_s, base, at_s, until_s, counts, rows)
    state[BATCH] = batch
    return request
