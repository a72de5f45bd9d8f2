// Help for mappings that work without it: rows copied from a spreadsheet go into the grid of words,
// and a rule of the editor is marked as wrong for as long as it is.
(() => {
  function cellsOf(text) {
    return text
      .replace(/\r\n?/g, "\n")
      .split("\n")
      .filter((line) => line.trim())
      .map((line) => line.split("\t").map((cell) => cell.trim()));
  }

  function rowAt(body, place) {
    while (body.rows.length <= place) {
      const made = body.rows[body.rows.length - 1].cloneNode(true);
      for (const input of made.querySelectorAll("input")) {
        input.value = "";
        input.setAttribute("aria-label", input.getAttribute("aria-label").replace(/\d+$/, String(body.rows.length + 1)));
      }
      body.append(made);
    }
    return body.rows[place];
  }

  document.addEventListener("paste", (event) => {
    const input = event.target instanceof Element && event.target.closest("[data-grid] tbody input");
    const text = event.clipboardData ? event.clipboardData.getData("text/plain") : "";
    if (!input || !/[\t\n]/.test(text.trim())) return; // one word goes where it is pasted
    event.preventDefault();
    const row = input.closest("tr");
    const body = row.parentElement;
    const start = row.sectionRowIndex;
    const from = [...row.querySelectorAll("input")].indexOf(input);
    let last = input;
    cellsOf(text).forEach((cells, at) => {
      const inputs = [...rowAt(body, start + at).querySelectorAll("input")].slice(from);
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
