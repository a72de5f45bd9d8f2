// Help for mappings that work without it: rows copied from a spreadsheet go into the grid of words,
// rows are found while one types, and a rule of the editor is marked as wrong for as long as it is.
(() => {
  function cellsOf(text) {
    return text
      .replace(/\r\n?/g, "\n")
      .split("\n")
      .filter((line) => line.trim())
      .map((line) => line.split("\t").map((cell) => cell.trim()));
  }

  // Only rows that are shown take what is pasted: nobody sees what happens to the others.
  function shownFrom(row, count) {
    const body = row.parentElement;
    const rows = [...body.rows].slice(row.sectionRowIndex).filter((one) => !one.hidden);
    while (rows.length < count) {
      const made = body.rows[body.rows.length - 1].cloneNode(true);
      made.hidden = false;
      made.removeAttribute("id");
      for (const input of made.querySelectorAll("input")) {
        input.value = "";
        input.setAttribute("aria-label", input.getAttribute("aria-label").replace(/\d+$/, String(body.rows.length + 1)));
      }
      body.append(made);
      rows.push(made);
    }
    return rows;
  }

  function textOf(row) {
    const inputs = [...row.querySelectorAll("input")];
    return inputs.length ? inputs.map((one) => one.value).join("\n") : [...row.cells].map((one) => one.textContent).join("\n");
  }

  // A row that came hidden has fields that only carry what they hold: thousands of others take a
  // browser long. Once it is shown, they become such as the empty rows at the end have.
  function show(row) {
    const models = row.parentElement.rows[row.parentElement.rows.length - 1].querySelectorAll("input");
    row.querySelectorAll("input").forEach((one, at) => {
      if (one.type !== "hidden") return;
      one.type = "text";
      one.className = models[at].className;
      one.maxLength = models[at].maxLength;
      one.setAttribute("aria-label", models[at].getAttribute("aria-label").replace(/\d+$/, String(row.sectionRowIndex + 1)));
    });
    row.hidden = false;
  }

  function isWritten(row) {
    return [...row.querySelectorAll("input")].some((one) => one.value !== one.defaultValue);
  }

  function find(box) {
    const sought = box.value.trim().toLocaleLowerCase();
    const said = document.querySelector("[data-found]");
    const grid = document.querySelector(`#${box.dataset.find} [data-rows]`);
    const most = Number(grid.dataset.most ?? Infinity); // thousands of fields take a browser long
    let found = 0;
    let total = 0;
    for (const row of grid.querySelectorAll("tbody tr")) {
      const text = textOf(row);
      if (!text.trim()) continue; // an empty row waits for a new word
      const has = text.toLocaleLowerCase().includes(sought);
      total += 1;
      if (has) found += 1;
      if (!has || (found > most && !isWritten(row))) row.hidden = true;
      else if (row.hidden) show(row);
    }
    const number = (count) => count.toLocaleString(document.documentElement.lang || undefined);
    const rest = found > most ? `, the first ${number(most)} shown` : "";
    said.textContent = `${number(found)} of ${number(total)} row${total === 1 ? "" : "s"}${rest}`;
  }

  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-all]");
    if (!button) return;
    event.preventDefault();
    delete document.querySelector("[data-rows]").dataset.most;
    const box = document.querySelector("[data-find]");
    button.remove();
    find(box);
    box.focus();
  });

  document.addEventListener("input", (event) => {
    if (event.target instanceof Element && event.target.matches("[data-find]")) find(event.target);
  });

  document.addEventListener("keydown", (event) => {
    const here = event.target instanceof Element && event.target.matches("[data-find]");
    if (here && event.key === "Enter") event.preventDefault(); // it is found already
  });

  document.addEventListener("paste", (event) => {
    const input = event.target instanceof Element && event.target.closest("[data-grid] tbody input");
    const text = event.clipboardData ? event.clipboardData.getData("text/plain") : "";
    if (!input || !/[\t\n]/.test(text.trim())) return; // one word goes where it is pasted
    event.preventDefault();
    const row = input.closest("tr");
    const from = [...row.querySelectorAll("input")].indexOf(input);
    const pasted = cellsOf(text);
    const rows = shownFrom(row, pasted.length);
    let last = input;
    pasted.forEach((cells, at) => {
      const inputs = [...rows[at].querySelectorAll("input")].slice(from);
      inputs.forEach((one, place) => {
        if (place >= cells.length) return;
        one.value = cells[place]; // too long a one is named when it is proposed, not cut
        last = one;
      });
    });
    last.focus();
  });

  document.addEventListener("htmx:afterSettle", () => {
    for (const out of document.querySelectorAll("#rules [id^='out-']")) {
      const target = document.getElementById(out.id.replace("out-", "target-"));
      if (!target) continue;
      if (out.querySelector(".ui-field-error")) target.setAttribute("aria-invalid", "true");
      else target.removeAttribute("aria-invalid");
    }
  });
})();
