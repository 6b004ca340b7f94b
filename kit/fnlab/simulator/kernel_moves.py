# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"
"""What the compiled scheduler can do: start an instance, give a place away, let wait, refuse, stop."""

from numba import njit

from fnlab.simulator.kernel_agenda import READY, enter
from fnlab.simulator.kernel_line import NOBODY, first_in_line, leave, line_up


@njit(nogil=True)
def left_s(pool, now_s):
    """How much of the present batch is left; after the window, nothing."""
    return max(0.0, pool.until_s - now_s)


@njit(nogil=True)
def next_token_s(pool, rules):
    """When the growth limit allows a start, as :class:`fnlab.scheduler.bucket.TokenBucket` computes it."""
    return pool.full_s + (pool.taken + 1 - rules.burst) / rules.growth_per_s


@njit(nogil=True)
def may_start(pool, rules, now_s):
    """Tell whether another instance may start now; if so, a token is taken."""
    if pool.alive >= rules.most:
        return False
    if rules.burst == 0:
        return True
    if now_s >= pool.full_s + pool.taken / rules.growth_per_s:
        pool.full_s, pool.taken = now_s, 0
    if now_s < next_token_s(pool, rules):
        return False
    pool.taken += 1
    return True


@njit(nogil=True)
def start(book, pool, rules, start_s, now_s, rows):
    """Start an instance; give its slot."""
    slot = pool.free
    if slot == NOBODY:
        slot = pool.unused
        pool.unused += 1
    else:
        pool.free = book[slot].after
    instance, number, ready_s = book[slot], pool.started, now_s + start_s
    instance.number, instance.load, instance.is_ready, instance.is_used = number, 0, False, False
    instance.turn, instance.created_s, instance.ready_s = NOBODY, now_s, ready_s
    pool.started += 1
    pool.alive += 1
    pool.unready += 1
    pool.instance_s += left_s(pool, now_s)
    pool.peak = max(pool.peak, pool.alive)
    enter(book, pool, ready_s, READY, slot)
    if rules.keeps_rows:
        rows[number].created_s, rows[number].ready_s = now_s, ready_s
    return slot


@njit(nogil=True)
def assign(book, pool, rules, request, arrival_s, work_s, slot, now_s, has_waited, rows):
    """Give a place of an instance to a request."""
    instance = book[slot]
    handed_over = rules.hands_over and has_waited and not instance.is_used and instance.number >= rules.least
    cold = handed_over or not instance.is_ready
    start_s = max(now_s, instance.ready_s)
    end_s = start_s if cold and rules.replaces else start_s + work_s
    if instance.load == 0:
        pool.busy += 1
        pool.busy_s += left_s(pool, now_s)
    instance.load += 1
    instance.is_used = True
    line_up(book, pool, rules, slot, now_s)
    enter(book, pool, end_s, 0, slot)
    pool.cold += cold
    if now_s > arrival_s:
        pool.waited += 1
        pool.wait_s += now_s - arrival_s
    if rules.keeps_rows:
        init_s = start_s - now_s
        if cold and now_s >= instance.ready_s:
            init_s = min(start_s - arrival_s, instance.ready_s - instance.created_s)
        row = rows[request]
        row.instance, row.start_s, row.end_s, row.init_s = instance.number, start_s, end_s, init_s


@njit(nogil=True)
def refuse(pool, rules, request, now_s, rows):
    """Turn a request away."""
    pool.rejected += 1
    if rules.keeps_rows:
        row = rows[request]
        row.instance, row.start_s, row.end_s, row.init_s = NOBODY, now_s, now_s, 0.0


@njit(nogil=True)
def start_ahead(book, pool, rules, starts_s, joining, now_s, rows):
    """Start what those who wait need; none of them is tied to it."""
    while pool.waiting + joining > pool.unready * rules.concurrency and may_start(pool, rules, now_s):
        start(book, pool, rules, starts_s[pool.started - pool.base], now_s, rows)


@njit(nogil=True)
def admit(book, pool, rules, starts_s, now_s, rows):
    """Give places to those who wait, as long as there are any."""
    while pool.waiting > 0:
        slot = first_in_line(book, pool, rules)
        if slot == NOBODY:
            if rules.hands_over or not may_start(pool, rules, now_s):
                break
            slot = start(book, pool, rules, starts_s[pool.started - pool.base], now_s, rows)
        asks = book[pool.first & (len(book) - 1)]
        assign(book, pool, rules, asks.request, asks.arrival_s, asks.work_s, slot, now_s, True, rows)
        pool.first += 1
        pool.waiting -= 1
    if pool.waiting > 0 and rules.hands_over:
        start_ahead(book, pool, rules, starts_s, 0, now_s, rows)


@njit(nogil=True)
def outwait(book, pool, rules, inclusive, now_s, rows):
    """Refuse who has waited for longer than allowed, or for just as long."""
    while pool.waiting > 0:
        asks = book[pool.first & (len(book) - 1)]
        due_s = asks.arrival_s + rules.max_wait_s
        if due_s > now_s or (due_s == now_s and not inclusive):
            break
        refuse(pool, rules, asks.request, now_s, rows)
        pool.first += 1
        pool.waiting -= 1


@njit(nogil=True)
def expire(book, pool, rules, now_s, rows):
    """Stop what has been idle for as long as it is kept."""
    while pool.longest_idle != NOBODY:
        slot = pool.longest_idle
        instance = book[slot]
        if instance.since_s + rules.keep_s > now_s:
            break
        leave(book, pool, slot)
        instance.after = pool.free
        pool.free = slot
        pool.alive -= 1
        pool.instance_s -= left_s(pool, now_s)
        if now_s <= pool.end_s:  # later it is alive when the window closes
            pool.expired += 1
            if rules.keeps_rows:
                rows[instance.number].stopped_s = now_s
