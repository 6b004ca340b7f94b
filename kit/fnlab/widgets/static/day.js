// What comes before and after the pool: a day's arrivals, a trace in bins, and its bill; the pool itself is pool.js.

export const S_PER_H = 3600;
const MS_PER_S = 1000;
const SLACK = 1e-6; // a time this close above a whole unit is that unit, as in fnlab.cost
const BIN_SLACK = 1e-9; // the same of bins, as in fnlab.measure

/**
 * A stream of numbers between 0 and 1 that depends on nothing but its seed.
 *
 * Two multiplicative generators combined; P. L'Ecuyer, "Efficient and portable combined random number generators",
 * Communications of the ACM 31 (1988). It is not numpy's: the same seed gives another day than in Python.
 */
export function random(seed) {
  let one = (seed % 2147483562) + 1, other = (seed % 2147483398) + 1;
  const next = () => {
    one = (40014 * one) % 2147483563;
    other = (40692 * other) % 2147483399;
    return ((one - other + 2147483562) % 2147483562 + 1) / 2147483563;
  };
  for (let skipped = 0; skipped < 8; skipped++) next(); // small seeds lie close together at first
  return next;
}

/** A number around `mean`, by the exponential law. */
export function exponential(draw, mean) {
  return -mean * Math.log(draw());
}

/**
 * Draw when the requests of a day come, in order.
 *
 * As `fnlab.workload.day` does: the hours' counts are those of the curve, scaled to the busiest hour, and the moments
 * within an hour are random.
 */
export function day({ per_hour, peak_per_hour, seed = 0 }) {
  const draw = random(seed), highest = Math.max(...per_hour);
  const moments = per_hour.flatMap((rate, hour) => {
    const count = rint(rate * (peak_per_hour / highest));
    return Array.from({ length: count }, () => (hour + draw()) * S_PER_H);
  });
  return Float64Array.from(moments).sort();
}

function rint(number) { // halves to the even side, as numpy does
  const up = Math.round(number);
  return up - number === 0.5 && up % 2 ? up - 1 : up;
}

/** Put a trace in bins of so many seconds; the columns of `fnlab.measure.timeline`. */
export function bins(trace, { bin_s }) {
  const { requests, instances, duration_s } = trace;
  const count = Math.max(Math.ceil(duration_s / bin_s - BIN_SLACK), 0);
  const edges = Float64Array.from({ length: count + 1 }, (_, at) => (at < count ? at * bin_s : duration_s));
  const width_s = edges.subarray(1).map((end_s, at) => end_s - edges[at]);
  const tally = () => new Float64Array(count);
  const [arrived, served, throttled, cold_starts, billed_s] = [tally(), tally(), tally(), tally(), tally()];
  for (let row = 0; row < requests.arrival_s.length; row++) {
    const at = binOf(requests.arrival_s[row], edges, bin_s);
    arrived[at]++;
    if (requests.instance[row] >= 0) served[at]++;
    else throttled[at]++;
    if (requests.init_s[row] > 0) cold_starts[at]++;
    billed_s[at] += wholeMs(requests.init_s[row] + (requests.end_s[row] - requests.start_s[row])) / MS_PER_S;
  }
  const perHour = (counts) => counts.map((number, at) => number * S_PER_H / width_s[at]);
  const until_s = aliveUntil(trace).map((end_s, at) => Math.max(end_s, instances.created_s[at]));
  const peak_instances = peaks(instances.created_s, until_s, edges);
  const alive = timeMean(instances.created_s, until_s, edges, bin_s);
  const work = united(pieces(trace, { init: true, until_s }), { always: false });
  return {
    bin_s, start_s: edges.subarray(0, count), width_s,
    arrivals_per_h: perHour(arrived), served_per_h: perHour(served), throttled_per_h: perHour(throttled),
    cold_starts, billed_s, peak_instances,
    instances: alive.map((mean, at) => Math.min(mean, peak_instances[at])),
    busy: timeMean(work.map((piece) => piece.from_s), work.map((piece) => piece.to_s), edges, bin_s),
  };
}

function binOf(point_s, edges, bin_s) {
  const last = Math.max(edges.length - 2, 0);
  let at = Math.min(Math.max(Math.floor(point_s / bin_s), 0), last);
  while (at < last && edges[at + 1] <= point_s) at++;
  while (at > 0 && edges[at] > point_s) at--;
  return at;
}

function aliveUntil({ instances, duration_s }) {
  return instances.stopped_s.map((stop_s) => (stop_s <= duration_s ? stop_s : duration_s)); // NaN: still alive
}

/** The most that were there at any moment of each bin, who leave making room for who come at that moment. */
function peaks(ups_s, downs_s, edges) {
  const inside = (points, change) => Array.from(points, (at_s) => [at_s, change]);
  const changes = [...inside(ups_s, 1), ...inside(downs_s, -1)].filter(([at_s]) => at_s < edges[edges.length - 1]);
  changes.sort(([one], [other]) => one - other);
  let at = 0, level = 0;
  const pass = (moment_s) => {
    for (; at < changes.length && changes[at][0] === moment_s; at++) level += changes[at][1];
  };
  return Float64Array.from(edges.subarray(1), (end_s, bin) => {
    pass(edges[bin]);
    let peak = level;
    while (at < changes.length && changes[at][0] < end_s) {
      pass(changes[at][0]);
      peak = Math.max(peak, level);
    }
    return peak;
  });
}

/** Average over each bin a number that goes up and down by one at these moments. */
function timeMean(ups_s, downs_s, edges, bin_s) {
  const up = timeSince(ups_s, edges, bin_s), down = timeSince(downs_s, edges, bin_s);
  return up.map((since_s, at) => Math.max((since_s - down[at]) / (edges[at + 1] - edges[at]), 0));
}

function timeSince(points_s, edges, bin_s) {
  const part = new Float64Array(edges.length - 1), counts = new Float64Array(edges.length - 1);
  for (const point_s of points_s) {
    const inside_s = Math.min(Math.max(point_s, edges[0]), edges[edges.length - 1]), at = binOf(inside_s, edges, bin_s);
    part[at] += edges[at + 1] - inside_s;
    counts[at]++;
  }
  let earlier = 0;
  return part.map((since_s, at) => {
    const after_s = since_s + earlier * (edges[at + 1] - edges[at]);
    earlier += counts[at];
    return after_s;
  });
}

/** When each instance had a request, request by request; with their init or without. */
function pieces({ requests, instances }, { init, until_s = null }) {
  const of = Array.from(instances.created_s, () => []);
  for (let row = 0; row < requests.arrival_s.length; row++) {
    const instance = requests.instance[row];
    if (instance < 0) continue;
    let from_s = requests.start_s[row] - (init ? requests.init_s[row] : 0), to_s = requests.end_s[row];
    if (until_s) { // rounding may put the begin of an init before its instance's own
      from_s = Math.min(Math.max(from_s, instances.created_s[instance]), until_s[instance]);
      to_s = Math.min(Math.max(to_s, from_s), until_s[instance]);
    }
    of[instance].push({ from_s, to_s });
  }
  return of;
}

/** Unite the pieces of each instance that overlap or touch; if not `always`, only when any overlap at all. */
function united(of, { always }) {
  const overlap = of.some((list) => list.some((piece, at) => at > 0 && piece.from_s < list[at - 1].to_s));
  if (!overlap && !always) return of.flat();
  return of.flatMap((list) => {
    const whole = [];
    for (const piece of [...list].sort((one, other) => one.from_s - other.from_s)) {
      const last = whole[whole.length - 1];
      if (last && piece.from_s <= last.to_s) last.to_s = Math.max(last.to_s, piece.to_s);
      else whole.push({ ...piece });
    }
    return whole;
  });
}

/**
 * What a trace costs on a price list of `fnlab.widgets.prices`, repeated so many times.
 *
 * On-demand instances only, without the free tier. Quantities and sums are exact decimals, as text.
 */
export function bill(trace, prices, { times = 1 } = {}) {
  if (trace.instances.kind.some((kind) => kind)) {
    throw new RangeError("a bill on a page must be of on-demand instances alone; got provisioned ones.");
  }
  const spent = BigInt(billedMs(trace, prices.rule)) * BigInt(times);
  const requests = BigInt(trace.requests.instance.filter((instance) => instance >= 0).length) * BigInt(times);
  const times_s = (size) => (decimal(size) * spent) / 1000n;
  const served = requests * ONE;
  const used = { requests: served, on_demand_requests: served, gb_s: times_s(prices.gb), vcpu_s: times_s(prices.vcpu) };
  const filled = {};
  const lines = prices.lines.flatMap((line) => {
    const quantity = product(used[line.meter], decimal(line.factor)), already = filled[line.price] ?? 0n;
    filled[line.price] = already + quantity;
    return tiered(line, quantity, already);
  });
  const total = lines.reduce((sum, line) => sum + line.units, 0n);
  const shown = lines.map(({ units, ...line }) => ({ ...line, amount: written(units) }));
  return { lines: shown, total: written(total), currency: prices.currency };
}

/** The milliseconds that are billed of all instances together, rounded by the sheet's rule. */
function billedMs(trace, { init, once, whole_life, granularity_ms, minimum_ms }) {
  const { requests, instances } = trace;
  let spans_s;
  if (whole_life) spans_s = aliveUntil(trace).map((end_s, at) => Math.max(end_s - instances.created_s[at], 0));
  else if (once) spans_s = united(pieces(trace, { init }), { always: true }).map((piece) => piece.to_s - piece.from_s);
  else if (init && granularity_ms === 1 && !minimum_ms) { // the rule by which a trace's own column is written
    spans_s = requests.end_s.map((end_s, row) => requests.init_s[row] + (end_s - requests.start_s[row]));
    spans_s = spans_s.filter((_, row) => requests.instance[row] >= 0);
  } else spans_s = pieces(trace, { init }).flat().map((piece) => piece.to_s - piece.from_s);
  return spans_s.reduce((sum, span_s) => sum + Math.max(wholeMs(span_s, granularity_ms), minimum_ms), 0);
}

function wholeMs(seconds, granularity_ms = 1) {
  return Math.ceil(seconds * (MS_PER_S / granularity_ms) - SLACK) * granularity_ms;
}

/** Split a quantity over the tiers of a price: one line a tier that it reaches. */
function tiered({ item, unit, tiers }, quantity, already) {
  let floor = 0n;
  const parts = tiers.map(({ up_to, price }, at) => {
    const end = already + quantity, top = up_to === null || decimal(up_to) > end ? end : decimal(up_to);
    const part = top - (already > floor ? already : floor);
    floor = up_to === null ? end : decimal(up_to);
    return { item: at ? `${item}, tier ${at + 1}` : item, unit, part, units: product(part, decimal(price)) };
  });
  const reached = parts.filter(({ part }) => part > 0n);
  const kept = reached.length ? reached : parts.filter(({ part }) => part === 0n).slice(0, 1);
  return kept.map(({ part, ...line }) => ({ ...line, quantity: written(part) }));
}

// Decimals as whole numbers of 10^-40: more places than prices times quantities have.

const PLACES = 40;
const ONE = 10n ** BigInt(PLACES);

function decimal(written) {
  const [whole, fraction = ""] = written.split(".");
  return BigInt(whole + fraction.slice(0, PLACES).padEnd(PLACES, "0"));
}

function product(one, other) {
  return (one * other) / ONE;
}

function written(units) {
  const digits = units.toString().padStart(PLACES + 1, "0");
  return `${digits.slice(0, -PLACES)}.${digits.slice(-PLACES)}`.replace(/\.?0+$/, "");
}
