// The instance pool of one function over a day, for pages without a kernel.
//
// It plays every rule of `fnlab.functions.Scaling` that is a number or a name, event for event as the reference engine
// of `fnlab.simulator` does (a test compares them); policies that are code stay in Python. Columns have the names and
// units of `fnlab.trace`.

/** The rules and their usual values; null: no limit. */
export const SCALING = Object.freeze({
  keep_alive_s: 300, min_instances: 0, max_instances: 100, reuse: "most-recently-used", concurrency: 1,
  placement: "fill", max_wait_s: 0, max_queue: null, binding: "bound", burst: null, growth_per_s: null,
});

/** Which of several events at the very same moment comes first: places are given back before they are asked for. */
export const RANK = Object.freeze({ finished: 1, ready: 2, arrived: 4, woken: 5 });

const THROTTLED = 4; // the one status but 0, well served, that can come out; as in fnlab.trace.Status

const IDLE_ORDER = { // which of the idle ones, the longest idle first
  "most-recently-used": (idle) => idle[idle.length - 1],
  "least-recently-used": (idle) => idle[0],
  "newest": (idle) => idle.reduce((best, each) => (each.row > best.row ? each : best)),
  "oldest": (idle) => idle.reduce((best, each) => (each.row < best.row ? each : best)),
};
const ROOM_ORDER = { // whether one of all that have room comes before another
  "most-recently-used": (one, other) => one.turn > other.turn,
  "least-recently-used": (one, other) => one.turn < other.turn,
  "newest": (one, other) => one.row > other.row,
  "oldest": (one, other) => one.row < other.row,
};

/**
 * Let requests arrive, and say what becomes of them and of the instances.
 *
 * `service_s[n]` is what the n-th request takes on its instance, `init_s[n]` what the n-th instance takes to start, the
 * provisioned ones first. The window is from 0 to `duration_s`; who waits when it closes is told how it ends.
 */
export function simulate({ arrivals_s, service_s, init_s, duration_s, scaling = {} }) {
  const run = new Run({ arrivals_s, service_s, init_s, duration_s, rules: checked(scaling) });
  run.play();
  return { requests: run.requests, instances: run.table(), duration_s };
}

function checked(scaling) {
  const unknown = Object.keys(scaling).find((name) => !(name in SCALING));
  if (unknown) throw new RangeError(`a rule must be one of ${Object.keys(SCALING).join(", ")}; got ${unknown}.`);
  const rules = { ...SCALING, ...scaling };
  return { ...rules, max_queue: rules.max_queue ?? Infinity, handsOver: rules.binding === "first-free" };
}

/** What is to come: a heap by moment, rank, and the order in which it was entered. */
class Agenda {
  heap = [];
  serial = 0;

  push(when_s, rank, what) {
    const { heap } = this, moment = { when_s, rank, serial: this.serial++, what };
    let at = heap.length;
    for (let above; at > 0 && earlier(moment, heap[above = (at - 1) >> 1]); at = above) heap[at] = heap[above];
    heap[at] = moment;
  }

  pop() {
    const { heap } = this, first = heap[0], last = heap.pop();
    if (!heap.length) return first;
    let at = 0;
    for (let below; (below = 2 * at + 1) < heap.length; at = below) {
      if (below + 1 < heap.length && earlier(heap[below + 1], heap[below])) below++;
      if (!earlier(heap[below], last)) break;
      heap[at] = heap[below];
    }
    heap[at] = last;
    return first;
  }
}

function earlier(one, other) {
  if (one.when_s !== other.when_s) return one.when_s < other.when_s;
  if (one.rank !== other.rank) return one.rank < other.rank;
  return one.serial < other.serial;
}

/** One run: the scheduler and the books of the engine in one. */
class Run {
  constructor({ arrivals_s, service_s, init_s, duration_s, rules }) {
    const count = arrivals_s.length, column = () => new Float64Array(count);
    Object.assign(this, { arrivals_s, service_s, init_s, duration_s, rules });
    this.requests = {
      arrival_s: Float64Array.from(arrivals_s), start_s: column(), end_s: column(), init_s: column(),
      status: new Int8Array(count), instance: new Int32Array(count).fill(-1),
    };
    this.agenda = new Agenda();
    this.instances = []; // all that ever were
    this.alive = new Set(); // oldest first
    this.idle = []; // on demand, longest idle first
    this.idlePromised = [];
    this.waiting = []; // requests, in order of arrival
    this.starting = this.turn = 0;
    this.fullAt_s = this.taken = 0; // the bucket of starts: when it was last known to be full, and taken since then
    this.alarm_s = Infinity;
  }

  play() {
    const { heap } = this.agenda;
    while (this.alive.size < this.rules.min_instances) this.add(0, true);
    this.nextArrival(0);
    while (heap.length && (heap[0].when_s <= this.duration_s || this.waiting.length)) this.happen(this.agenda.pop());
  }

  happen({ when_s: now_s, rank, what }) {
    if (rank === RANK.woken && this.alarm_s !== now_s) return; // the alarm was set anew
    if (rank === RANK.finished) this.finished(this.instances[this.requests.instance[what]], now_s);
    else if (rank === RANK.ready && !what.ready) this.free(what, now_s); // if it was, a request of no length has ended
    else if (rank === RANK.arrived) this.arrived(what, now_s);
    else if (rank === RANK.woken) this.woken(now_s);
    const due_s = this.wakeAt(now_s);
    if (due_s !== this.alarm_s && due_s !== Infinity) this.agenda.push(this.alarm_s = due_s, RANK.woken, null);
    if (rank === RANK.arrived) this.nextArrival(what + 1);
  }

  nextArrival(request) {
    if (request < this.arrivals_s.length) this.agenda.push(this.arrivals_s[request], RANK.arrived, request);
  }

  arrived(request, now_s) {
    const { rules, waiting } = this;
    this.expire(now_s, false);
    if (waiting.length) this.settle(now_s);
    if (!waiting.length && this.place(request, now_s, false)) return;
    const full = waiting.length >= rules.max_queue;
    if (rules.handsOver && !full) this.startAhead(now_s, waiting.length + 1);
    if (full || !rules.max_wait_s) this.refuse(request, now_s);
    else waiting.push(request);
  }

  finished(instance, now_s) {
    instance.load--;
    instance.turn = ++this.turn;
    this.free(instance, now_s);
  }

  woken(now_s) { // a place comes before the end of a wait, and that before the end of an instance
    this.alarm_s = Infinity;
    this.admit(now_s);
    this.outwait(now_s, true);
    this.expire(now_s, true);
  }

  wakeAt(now_s) {
    const { rules, waiting } = this;
    let due_s = this.idle.length ? this.idle[0].since_s + rules.keep_alive_s : Infinity;
    if (!waiting.length) return due_s;
    if (this.alive.size < rules.max_instances && this.nextToken() > now_s) due_s = Math.min(due_s, this.nextToken());
    return Math.min(due_s, this.waitEnds());
  }

  settle(now_s) {
    this.outwait(now_s, false);
    this.admit(now_s);
  }

  admit(now_s) {
    while (this.waiting.length && this.place(this.waiting[0], now_s, true)) this.waiting.shift();
    if (this.waiting.length && this.rules.handsOver) this.startAhead(now_s, this.waiting.length);
  }

  outwait(now_s, inclusive) {
    const { waiting } = this;
    while (waiting.length && isDue(this.waitEnds(), now_s, inclusive)) this.refuse(waiting.shift(), now_s);
  }

  waitEnds() {
    return this.arrivals_s[this.waiting[0]] + this.rules.max_wait_s;
  }

  /** Find an instance with room, or start one; tell whether the request has a place. */
  place(request, now_s, waited) {
    let instance = this.withPlace();
    if (!instance && (this.rules.handsOver || !(instance = this.start(now_s)))) return false;
    const cold = !instance.ready || (this.rules.handsOver && waited && !instance.used && !instance.promised);
    this.assign(request, instance, now_s, cold);
    return true;
  }

  withPlace() {
    const { rules, idle, idlePromised } = this;
    let shared = null;
    if (rules.concurrency > 1) {
      if (rules.placement === "by-reuse") return this.anyWithRoom();
      for (const each of this.alive) {
        if (each.load === 0 || each.load >= rules.concurrency) continue;
        if (each.ready) return each; // first fit among the busy
        shared ??= each;
      }
    }
    if (idlePromised.length) return IDLE_ORDER[rules.reuse](idlePromised);
    if (idle.length) return IDLE_ORDER[rules.reuse](idle);
    return rules.handsOver ? null : shared;
  }

  anyWithRoom() {
    const { concurrency, handsOver, reuse } = this.rules;
    let best = null;
    for (const each of this.alive) {
      const room = each.load < concurrency && (each.ready || (each.load > 0 && !handsOver));
      if (room && (!best || ROOM_ORDER[reuse](each, best))) best = each;
    }
    return best;
  }

  assign(request, instance, now_s, cold) {
    const { requests, agenda } = this, idle = instance.promised ? this.idlePromised : this.idle;
    const at = instance.load === 0 && instance.ready ? idle.lastIndexOf(instance) : -1;
    if (at >= 0) idle.splice(at, 1);
    instance.used = true;
    instance.turn = ++this.turn;
    instance.load++;
    const start_s = Math.max(now_s, instance.ready_s), end_s = start_s + this.service_s[request];
    const late = cold && now_s >= instance.ready_s; // it waited for whatever came, and this had just started
    const sinceArrival_s = start_s - this.arrivals_s[request];
    requests.start_s[request] = start_s;
    requests.end_s[request] = end_s;
    requests.init_s[request] = late ? Math.min(sinceArrival_s, instance.ready_s - instance.created_s) : start_s - now_s;
    requests.instance[request] = instance.row;
    agenda.push(end_s, RANK.finished, request);
  }

  refuse(request, now_s) {
    const { requests } = this;
    requests.start_s[request] = requests.end_s[request] = now_s;
    requests.status[request] = THROTTLED;
  }

  start(now_s) {
    const { rules } = this;
    if (this.alive.size >= rules.max_instances || this.nextToken() > now_s) return null;
    if (rules.burst !== null) {
      if (now_s >= this.fullAt_s + this.taken / rules.growth_per_s) [this.fullAt_s, this.taken] = [now_s, 0];
      this.taken++;
    }
    return this.add(now_s, false);
  }

  nextToken() { // when the growth limit allows a start
    const { burst, growth_per_s } = this.rules;
    return burst === null ? -Infinity : this.fullAt_s + (this.taken + 1 - burst) / growth_per_s;
  }

  startAhead(now_s, waiting) { // none of them is tied to who waits
    while (waiting > this.starting * this.rules.concurrency && this.start(now_s));
  }

  add(now_s, promised) {
    const row = this.instances.length;
    if (!(row < this.init_s.length)) throw new RangeError(`init_s must hold a time for every start; got ${row} times.`);
    const ready_s = now_s + this.init_s[row];
    const books = { row, promised, created_s: now_s, ready_s, stopped_s: NaN };
    const instance = { ...books, since_s: NaN, load: 0, turn: 0, ready: false, used: false };
    this.instances.push(instance);
    this.alive.add(instance);
    this.starting++;
    this.agenda.push(ready_s, RANK.ready, instance);
    return instance;
  }

  /** Note that an instance has room and, if nobody is on it, is idle; those who wait come first. */
  free(instance, now_s) {
    if (!instance.ready) this.starting--;
    instance.ready = true;
    if (!instance.load) {
      instance.since_s = now_s;
      (instance.promised ? this.idlePromised : this.idle).push(instance);
    }
    this.settle(now_s);
  }

  expire(now_s, inclusive) {
    const { idle, rules } = this;
    while (idle.length && isDue(idle[0].since_s + rules.keep_alive_s, now_s, inclusive)) {
      const instance = idle.shift();
      this.alive.delete(instance);
      if (now_s <= this.duration_s) instance.stopped_s = now_s; // later it is alive when the window closes
    }
  }

  table() {
    const column = (name) => Float64Array.from(this.instances, (each) => each[name]);
    return {
      created_s: column("created_s"), ready_s: column("ready_s"), stopped_s: column("stopped_s"),
      kind: Int8Array.from(this.instances, (each) => (each.promised ? 1 : 0)),
    };
  }
}

function isDue(due_s, now_s, inclusive) {
  return due_s < now_s || (inclusive && due_s === now_s);
}
