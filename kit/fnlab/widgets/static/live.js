// Keeps a widget's figures live on a page without a kernel: sliders here, numbers from pool.js and day.js, figures as
// Python drew them. A twin (.fnlab-twin) that can be live holds a script.fnlab-live, which `fnlab.widgets.live` wrote.

import { bill, bins, day, random, S_PER_H } from "./day.js";
import { simulate } from "./pool.js";

const DAY_S = 24 * S_PER_H, BIN_S = 15 * 60;
const OFF_SCALE = 20; // as in fnlab.figures

/** For each widget: its numbers under a choice of the sliders, the traces that show them, and both as a sentence. */
const WIDGETS = {
  elasticity: {
    numbers: seen,
    traces: ({ line }, given) => [
      { name: "load", y: stairs(line.arrivals_per_h) },
      { name: "throttled", base: [...line.served_per_h], y: [...line.throttled_per_h],
        customdata: [...line.throttled_per_h], showlegend: line.throttled_per_h.some((rate) => rate) },
      { name: "capacity", y: stairs(line.instances.map((mean) => mean * given.per_instance_h)),
        visible: !offScale(line, given) },
      { name: "instances (mean)", y: stairs(line.instances) },
      { name: "instances (peak)", y: stairs(line.peak_instances) },
    ],
    subtitle: ({ line }, given) => `One instance serves ${rounded(given.per_instance_h)} page views an hour` +
      `${offScale(line, given) ? ": capacity is off the scale and not drawn" : ""}.`,
    said: ({ trace, line }) => {
      const { requests } = trace, cold = count(requests.init_s, (init_s) => init_s > 0);
      return `The load rises to ${rounded(Math.max(0, ...line.arrivals_per_h))} page views an hour, at most ` +
        `${rounded(Math.max(0, ...line.peak_instances))} instances are alive at once, ${rounded(cold)} of ` +
        `${rounded(requests.status.length)} page views wait for a cold start, and ` +
        `${rounded(count(requests.status, (status) => status))} are throttled.`;
    },
  },
  cost: {
    numbers: (given, choice) => {
      const { trace, line } = seen(given, choice);
      const machines = Math.max(1, Math.ceil(choice.peak_per_hour / given.machine_per_h - 1e-9));
      return { line, machines, rent: machines * given.machine_price_per_h * 24, ...bill(trace, given.prices) };
    },
    traces: ({ line, machines, rent, total }, given) => {
      const billed_s = line.billed_s.reduce((sum, part) => sum + part, 0) || 1;
      const rents = line.width_s.map((width_s) => rent * width_s / DAY_S), part = usedPart(line, machines, given);
      const paid = line.billed_s.map((part_s) => Number(total) * part_s / billed_s);
      const rate = (sums) => stairs(sums.map((sum, at) => sum / line.width_s[at] * S_PER_H));
      return [
        { at: 0, y: rate(rents), name: rented(machines, rent, given) },
        { at: 1, y: rate(rents.map((sum, at) => sum * part[at])) },
        { at: 2, y: rate(paid), name: byUse(total, given) }, { at: 3, y: soFar(rents) }, { at: 4, y: soFar(paid) },
      ];
    },
    subtitle: ({ line, machines }, given) => {
      const part = usedPart(line, machines, given);
      const share = part.reduce((sum, used, at) => sum + used * line.width_s[at], 0) / DAY_S;
      return `The machines are paid for all the time; ${(100 * share).toFixed(0)}% of what they can do is used.`;
    },
    said: ({ machines, rent, total }, given) =>
      `For the day, ${byUse(total, given)}; ${rented(machines, rent, given)}.`,
  },
  "keep-alive": {
    numbers: (given, choice, before) => {
      const load = JSON.stringify({ ...choice, keep_alive_s: 0 });
      const options = given.sliders.keep_alive_s.options;
      const fresh = () => options.map(([, keep_alive_s]) => tried(given, { ...choice, keep_alive_s }));
      const curve = before?.load === load ? before.curve : fresh();
      return { load, curve, here: curve[options.findIndex(([, value]) => value === choice.keep_alive_s)] };
    },
    traces: ({ curve, here }) => [
      { name: "every keep-alive", x: curve.map((each) => each.idle), y: curve.map((each) => each.cold) },
      { name: "this one", x: [here.idle], y: [here.cold] },
    ],
    said: ({ here }) => `${percent(here.cold)} of the page views wait for a cold start, and instances idle ` +
      `${rounded(here.idle)} instance-hours in the day.`,
  },
};

/** A day under a choice, whole and in bins; what was seen last is kept, for several figures show one day. */
function seen(given, choice) {
  const key = text(choice);
  if (given.last?.key !== key) {
    const trace = played(given, choice);
    given.last = { key, trace, line: bins(trace, { bin_s: BIN_S }) };
  }
  return given.last;
}

function played(given, choice) {
  const { peak_per_hour, ...rules } = choice;
  const arrivals_s = day({ per_hour: given.per_hour, peak_per_hour, seed: given.seed });
  const scaling = { ...given.scaling, ...rules };
  const service_s = drawn(given.service_s, arrivals_s.length, 2 * given.seed + 1);
  const init_s = drawn(given.init_s, arrivals_s.length + (scaling.min_instances ?? 0), 2 * given.seed + 2);
  return simulate({ arrivals_s, service_s, init_s, duration_s: DAY_S, scaling });
}

/** Where the capacity is far above the load, its line would press everything else to the ground. */
function offScale(line, given) {
  return Math.max(0, ...line.instances) * given.per_instance_h > OFF_SCALE * Math.max(1, ...line.arrivals_per_h);
}

function usedPart(line, machines, given) {
  return line.served_per_h.map((rate) => Math.min(1, rate / (machines * given.machine_per_h)));
}

/** What one keep-alive comes to: the share of cold starts, and the hours that instances idle. */
function tried(given, choice) {
  const trace = played(given, choice), { requests } = trace;
  const line = bins(trace, { bin_s: DAY_S }), served = count(requests.instance, (instance) => instance >= 0);
  const idle = (line.instances[0] - line.busy[0]) * 24;
  return { cold: count(requests.init_s, (init_s) => init_s > 0) / (served || 1), idle };
}

function drawn(values, many, seed) { // the same request takes the same time, wherever the sliders are
  const draw = random(seed);
  return Float64Array.from({ length: many }, () => values[Math.floor(draw() * values.length)]);
}

const count = (column, which) => column.reduce((sum, value) => sum + (which(value) ? 1 : 0), 0);
const stairs = (values) => [...values, values[values.length - 1]]; // a step line runs to the end of the last bin
const soFar = (sums) => [...sums].reduce((added, sum) => [...added, added[added.length - 1] + sum], [0]);
const rounded = (number) => number.toLocaleString("en", { maximumFractionDigits: number < 10 ? 1 : 0 });
const percent = (share) => share.toLocaleString("en", { style: "percent", maximumFractionDigits: 2 });
const cents = { minimumFractionDigits: 2, maximumFractionDigits: 2 }, two = { maximumSignificantDigits: 2 };
const money = (sum, given) =>
  `${Number(sum).toLocaleString("en", sum > 0 && sum < 0.01 ? two : cents)} ${given.prices.currency}`;
const text = (setting) => Object.entries(setting).map((pair) => pair.join("=")).join(" ");
const byUse = (total, given) => `pay as you go: ${money(total, given)}`;
const rented = (machines, rent, given) => `${machines} machine${machines === 1 ? "" : "s"}: ${money(rent, given)}`;

/** A slider with its label and what it stands at in words; it moves by the keyboard, as every range does. */
function slider(name, { label, options, value }, onMove) {
  const box = document.createElement("label"), range = document.createElement("input");
  const words = document.createElement("span");
  words.setAttribute("aria-hidden", "true"); // it is the slider's aria-valuetext already
  Object.assign(range, { type: "range", min: 0, max: options.length - 1, step: 1, name });
  range.value = Math.max(options.findIndex(([, each]) => each === value), 0);
  const show = () => {
    [words.textContent] = options[range.value];
    range.setAttribute("aria-valuetext", words.textContent);
  };
  range.addEventListener("input", () => { show(); onMove(); });
  show();
  box.append(`${label} `, range, words);
  return { box, name, value: () => options[range.value][1] };
}

/** Let a figure show other numbers, in place. */
function redraw(figure, { traces, subtitle }, numbers, given, Plotly) {
  for (const { at, ...change } of traces(numbers, given)) {
    Object.assign(figure.data[at ?? figure.data.findIndex((trace) => trace.name === change.name)], change);
  }
  const { layout } = figure, words = subtitle?.(numbers, given);
  if (words) layout.title.text = layout.title.text.replace(/(<span[^>]*>).*(<\/span>)/, `$1${words}$2`);
  layout.datarevision = (layout.datarevision ?? 0) + 1;
  Plotly.react(figure, figure.data, layout);
}

/** Put sliders above a twin's figures and let them move what the figures show. */
export function enliven(twin, Plotly) {
  const given = JSON.parse(twin.querySelector("script.fnlab-live").textContent);
  const shown = [...twin.querySelectorAll(".fnlab-figure")].map((figure, at) => ({ figure, name: given.widgets[at] }));
  const status = document.createElement("p"), controls = document.createElement("fieldset");
  let asked = false;
  const move = () => {
    asked = false;
    const chosen = sliders.map((each) => [each.name, each.value()]);
    const choice = { peak_per_hour: given.peak_per_hour, ...Object.fromEntries(chosen) };
    const sentences = shown.map((each) => {
      const widget = WIDGETS[each.name];
      each.numbers = widget.numbers(given, choice, each.numbers);
      redraw(each.figure, widget, each.numbers, given, Plotly);
      const said = widget.said(each.numbers, given);
      each.figure.setAttribute("aria-label", said);
      return said;
    });
    status.textContent = sentences.join(" ");
    const setting = twin.querySelector("p > code");
    if (setting) setting.textContent = text({ ...given.setting, ...choice });
  };
  const onMove = () => { // once a frame at most, however fast the hand is
    if (!asked) requestAnimationFrame(move);
    asked = true;
  };
  const sliders = Object.entries(given.sliders).map(([name, each]) => slider(name, each, onMove));
  controls.className = "fnlab-controls";
  controls.setAttribute("aria-label", "Settings of the figures below");
  controls.append(...sliders.map((each) => each.box));
  status.setAttribute("role", "status"); // screen readers say it when it changes
  twin.prepend(controls, status);
  for (const stale of twin.querySelectorAll(".fnlab-how, .fnlab-summary")) stale.remove();
  move();
}

function start() {
  const given = document.querySelectorAll(".fnlab-twin > script.fnlab-live");
  for (const script of given) enliven(script.parentElement, globalThis.Plotly);
}

if (document.readyState === "complete") start();
else addEventListener("load", start); // by then the page's own script has drawn the figures
