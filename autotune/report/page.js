(() => {
  "use strict";
  const table = document.getElementById("trials-table");
  const body = table.tBodies[0];
  const headings = Array.from(table.tHead.rows[0].cells);
  const text = document.getElementById("filter-text");
  const status = document.getElementById("filter-status");
  const contents = new Map();
  for (const row of body.rows) {
    const cells = Array.from(row.cells, (cell) => cell.textContent);
    contents.set(row, cells.join(" ").toLowerCase());
  }

  function compare(one, other, sign) {
    const [a, b] = [one.dataset.v, other.dataset.v];
    const [aText, bText] = [one.textContent, other.textContent];
    const [aRank, bRank] = [a === undefined, b === undefined].map(Number);
    if (aRank && bRank) {
      // What is empty comes last in both directions.
      if (!aText || !bText) return Number(!aText) - Number(!bText);
      return sign * aText.localeCompare(bText);
    }
    return aRank - bRank || sign * (Number(a) - Number(b));
  }

  function sort(column) {
    const heading = headings[column];
    const up = heading.getAttribute("aria-sort") !== "ascending";
    headings.forEach((other) => other.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", up ? "ascending" : "descending");
    const rows = Array.from(body.rows);
    rows.sort((a, b) => compare(a.cells[column], b.cells[column], up ? 1 : -1));
    body.append(...rows);
  }

  function filter() {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of body.rows) {
      const fits = words.every((word) => contents.get(row).includes(word));
      row.hidden = !fits || (status.value !== "" && row.dataset.status !== status.value);
      shown += Number(!row.hidden);
    }
    document.getElementById("filter-count").textContent = `${shown} of ${contents.size} trials`;
  }

  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent;
    button.addEventListener("click", () => sort(column));
    heading.replaceChildren(button);
  });
  text.addEventListener("input", filter);
  status.addEventListener("change", filter);
  const form = document.getElementById("filters");
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((details) => (details.open = true));
  });
})();
