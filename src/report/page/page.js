"use strict";
document.documentElement.classList.add("js");
const map = document.querySelector(".map");
const buttons = [...document.querySelectorAll(".regions button")];
function choose(button) {
  const open = button.getAttribute("aria-expanded") !== "true";
  for (const other of buttons) {
    const mine = other === button && open;
    other.setAttribute("aria-expanded", String(mine));
    document.getElementById(other.getAttribute("aria-controls")).classList.toggle("open", mine);
  }
  map.classList.toggle("chosen", open);
  const region = button.closest("tr").dataset.r;
  for (const cell of map.children) cell.classList.toggle("on", open && cell.dataset.r === region);
}
for (const button of buttons) button.addEventListener("click", () => choose(button));
map.addEventListener("click", (event) => {
  const button = buttons[Number(event.target.dataset?.r ?? -1)];
  if (button) { choose(button); button.focus(); }
});
