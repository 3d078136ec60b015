"use strict";
document.documentElement.classList.add("js");
const map = document.querySelector(".map");
const cells = [...map.children];
const told = document.getElementById("cell");
const buttons = [...document.querySelectorAll(".regions button")];
const bands = [...document.querySelectorAll(".band")];
let at = -1;
// Opens a region's part of the table and marks it in the picture; -1 closes all.
function choose(region) {
  buttons.forEach((button, i) => {
    button.setAttribute("aria-expanded", String(i === region));
    document.getElementById(button.getAttribute("aria-controls")).classList.toggle("open", i === region);
  });
  map.classList.toggle("chosen", region >= 0);
  for (const cell of cells) cell.classList.toggle("on", region >= 0 && Number(cell.dataset.r) === region);
  for (const band of bands) band.classList.toggle("on", Number(band.dataset.r) === region);
}
// Moves the cursor to a cell and says what it is.
function look(i) {
  cells[at]?.classList.remove("at");
  at = Math.min(Math.max(i, 0), cells.length - 1);
  cells[at].classList.add("at");
  told.textContent = cells[at].title;
}
buttons.forEach((button, i) =>
  button.addEventListener("click", () => choose(button.getAttribute("aria-expanded") === "true" ? -1 : i)));
for (const band of bands) band.addEventListener("click", () => choose(Number(band.dataset.r)));
map.addEventListener("click", (event) => {
  const i = cells.indexOf(event.target);
  if (i < 0) return;
  look(i);
  choose(Number(cells[i].dataset.r));
});
map.addEventListener("focus", () => { if (at < 0) look(0); });
map.addEventListener("keydown", (event) => {
  const row = getComputedStyle(map).gridTemplateColumns.split(" ").length;
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -row, ArrowDown: row, Home: -at, End: cells.length }[event.key];
  if (step !== undefined) {
    event.preventDefault();
    look(at + step);
  } else if (event.key === "Enter" && at >= 0) {
    // Else the key would press the button that it moves to.
    event.preventDefault();
    const region = Number(cells[at].dataset.r);
    choose(region);
    buttons[region]?.focus();
  } else if (event.key === "Escape") {
    choose(-1);
  }
});
