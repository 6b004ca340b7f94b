// Draws the figures of a page from the numbers beside them. plotly.min.js is loaded before this.
"use strict";

addEventListener("DOMContentLoaded", () => {
  for (const figure of document.querySelectorAll(".fnlab-figure")) {
    const { data, layout } = JSON.parse(figure.querySelector("script").textContent);
    const options = { responsive: true, displaylogo: false };
    Plotly.newPlot(figure, data, { ...layout, autosize: true }, options);
  }
});
