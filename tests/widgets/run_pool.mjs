// Plays scenarios given as JSON on standard input, in one process; see test_pool_js.py.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [, , folder] = process.argv;
const { simulate, SCALING, RANK } = await import(pathToFileURL(`${folder}/pool.js`));
const { bill, bins, day } = await import(pathToFileURL(`${folder}/day.js`));

const TASKS = {
  simulate,
  day: ({ per_hour, peak_per_hour, seed }) => day({ per_hour, peak_per_hour, seed }),
  bins: ({ bin_s, ...scenario }) => bins(simulate(scenario), { bin_s }),
  bill: ({ prices, times, ...scenario }) => bill(simulate(scenario), prices, { times }),
  rules: () => ({ SCALING, RANK }),
};

// JSON knows neither infinity nor columns of a type.
const revive = (_, value) => (value === "Infinity" ? Infinity : value);
const plain = (_, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);

const answers = JSON.parse(readFileSync(0, "utf8"), revive).map(({ task, given }) => {
  try {
    return { answer: TASKS[task](given) };
  } catch (error) {
    return { error: error.message };
  }
});
process.stdout.write(JSON.stringify(answers, plain));
