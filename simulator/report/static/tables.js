// Tables that sort by the column whose heading is pressed.
document.querySelectorAll("table.sorts").forEach((table) => {
  const body = table.tBodies[0];
  table.querySelectorAll("thead th").forEach((head, k) => {
    const button = head.querySelector("button");
    if (!button) return;
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") ? head.getAttribute("aria-sort") === "ascending" : head.classList.contains("n");
      table.querySelectorAll("th").forEach((one) => one.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = (row) => { const cell = row.cells[k]; return "v" in cell.dataset ? (cell.dataset.v === "" ? NaN : +cell.dataset.v) : cell.textContent; };
      const order = (a, b) => {
        const [x, y] = [key(a), key(b)];
        if (typeof x === "string") return (down ? -1 : 1) * x.localeCompare(y, "en", { numeric: true });
        if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);  // what is not known stands last
        return down ? y - x : x - y;
      };
      body.append(...[...body.rows].sort(order));
    });
  });
});
