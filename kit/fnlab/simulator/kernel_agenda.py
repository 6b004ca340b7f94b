# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"
"""What is to come in the compiled scheduler: ends of requests, and instances that become ready, as a heap."""

from numba import njit

#: At one moment requests end before instances become ready; either kind in the order of entry.
READY = 1 << 62


@njit(nogil=True)
def enter(book, pool, at_s, kind, slot):
    """Let something happen in a slot; `kind` is 0 for the end of a request."""
    order = kind + pool.serial
    place = pool.coming
    pool.serial += 1
    pool.coming += 1
    while place > 0:
        parent = (place - 1) >> 1
        above = book[parent]
        if above.due_s < at_s or (above.due_s == at_s and above.order < order):
            break
        _write(book[place], above.due_s, above.order, above.slot)
        place = parent
    _write(book[place], at_s, order, slot)


@njit(nogil=True)
def drop_first(book, pool):
    """Take the first of what is to come away: the last one finds its place from the top."""
    pool.coming -= 1
    size = pool.coming
    at_s, order, slot = book[size].due_s, book[size].order, book[size].slot
    place, child = 0, 1
    while child < size:
        if child + 1 < size and _is_before(book[child + 1], book[child].due_s, book[child].order):
            child += 1
        below = book[child]
        if not _is_before(below, at_s, order):
            break
        _write(book[place], below.due_s, below.order, below.slot)
        place, child = child, 2 * child + 1
    _write(book[place], at_s, order, slot)


@njit(nogil=True)
def _is_before(line, at_s, order):
    return line.due_s < at_s or (line.due_s == at_s and line.order < order)


@njit(nogil=True)
def _write(line, at_s, order, slot):
    line.due_s, line.order, line.slot = at_s, order, slot
