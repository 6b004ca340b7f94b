# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"
"""Whose turn it is in the compiled scheduler: one heap of all instances that have a place, and who is idle.

The lowest turn is next. It says in which of four classes an instance is, and which it is within its class: first fit
among those that serve already, idle and provisioned, idle on demand, first fit among those that start.
"""

from numba import njit

#: Classes; within one there is room for any number.
SHARED, PROMISED, IDLE, STARTING = (kind << 60 for kind in range(4))
_LAST = (1 << 60) - 1

#: Policies of reuse.
LATEST, LONGEST, NEWEST, OLDEST = range(4)

NOBODY = -1


@njit(nogil=True)
def line_up(book, pool, rules, slot, now_s):
    """Give an instance the turn it has now, by its load and whether it is ready."""
    instance = book[slot]
    turn = _turn(instance, pool, rules)
    if turn == instance.turn:
        return
    if instance.turn != NOBODY:
        leave(book, pool, slot)
    instance.turn = turn
    if turn == NOBODY:
        return
    if IDLE <= turn < STARTING:
        _rest(book, pool, slot, now_s)
    pool.lined_up += 1
    _lift(book, pool.lined_up - 1, slot)


@njit(nogil=True)
def leave(book, pool, slot):
    """Take an instance out of the line."""
    instance = book[slot]
    if IDLE <= instance.turn < STARTING:
        _end_rest(book, pool, instance)
    pool.lined_up -= 1
    place, moved = instance.place, book[pool.lined_up].in_line
    instance.turn = NOBODY
    if moved != slot:
        _lift(book, place, moved)
        _sink(book, pool.lined_up, book[moved].place, moved)


@njit(nogil=True)
def first_in_line(book, pool, rules):
    """Choose the slot for the next request, as the scheduler's pool does; -1 for none."""
    if pool.lined_up == 0:
        return NOBODY
    slot = book[0].in_line
    return NOBODY if rules.hands_over and book[slot].turn >= STARTING else slot


@njit(nogil=True)
def _turn(instance, pool, rules):
    number = instance.number
    if instance.load > 0:
        if instance.load >= rules.concurrency:
            return NOBODY
        return number + (SHARED if instance.is_ready else STARTING)
    if not instance.is_ready:
        return NOBODY
    kind = PROMISED if number < rules.least else IDLE
    if rules.policy == NEWEST:
        return kind + _LAST - number
    if rules.policy == OLDEST:
        return kind + number
    pool.serial += 1
    return kind + (_LAST - pool.serial if rules.policy == LATEST else pool.serial)


@njit(nogil=True)
def _rest(book, pool, slot, now_s):
    """Note that an instance is idle; those are linked in the order in which they expire."""
    last = pool.latest_idle
    book[slot].since_s, book[slot].before, book[slot].after = now_s, last, NOBODY
    if last == NOBODY:
        pool.longest_idle = slot
    else:
        book[last].after = slot
    pool.latest_idle = slot


@njit(nogil=True)
def _end_rest(book, pool, instance):
    before, after = instance.before, instance.after
    if before == NOBODY:
        pool.longest_idle = after
    else:
        book[before].after = after
    if after == NOBODY:
        pool.latest_idle = before
    else:
        book[after].before = before


@njit(nogil=True)
def _lift(book, place, slot):
    """Let a slot rise in the heap from a free place to its own."""
    turn = book[slot].turn
    while place > 0:
        parent = (place - 1) >> 1
        other = book[parent].in_line
        if book[other].turn < turn:
            break
        _put(book, place, other)
        place = parent
    _put(book, place, slot)


@njit(nogil=True)
def _sink(book, size, place, slot):
    """Let a slot sink in the heap from a free place to its own."""
    turn, child = book[slot].turn, 2 * place + 1
    while child < size:
        if child + 1 < size and book[book[child + 1].in_line].turn < book[book[child].in_line].turn:
            child += 1
        other = book[child].in_line
        if turn < book[other].turn:
            break
        _put(book, place, other)
        place, child = child, 2 * child + 1
    _put(book, place, slot)


@njit(nogil=True)
def _put(book, place, slot):
    book[place].in_line = slot
    book[slot].place = place
