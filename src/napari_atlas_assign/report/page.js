"use strict";
// Sort a table by a column: a click, or Enter on its heading. Without scripts, the tables stay as they are.
const whole = (cell) => cell.title || cell.textContent;
const order = (a, b) => {
  const [x, y] = [Number(a), Number(b)];
  return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b, undefined, { numeric: true }) : x - y;
};
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    // No <button>: browsers do not repeat a table's head on every printed page if it holds one.
    const button = document.createElement("span");
    button.setAttribute("role", "button");
    button.tabIndex = 0;
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      button.click();
    });
    button.addEventListener("click", () => {
      // Numbers first fall, names first rise.
      const first = head.classList.contains("n") ? "descending" : "ascending";
      const other = first === "descending" ? "ascending" : "descending";
      const direction = head.getAttribute("aria-sort") === first ? other : first;
      heads.forEach((h) => h.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", direction);
      const rows = [...table.tBodies[0].rows].map((row) => [whole(row.cells[column]), row]);
      rows.sort(([a], [b]) => {
        // What is undefined stays at the end.
        if (a === "–" || b === "–") return (a === "–") - (b === "–");
        return direction === "ascending" ? order(a, b) : order(b, a);
      });
      table.tBodies[0].append(...rows.map(([, row]) => row));
    });
  });
}
