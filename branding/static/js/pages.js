// Small help for pages that work without it: menus close, "select all" selects, forms go once.
(() => {
  // Before it starts, which is when the page has been read: no styles of its own (the policy
  // refuses them), nothing evaluated, no page kept in the browser's storage.
  if (window.htmx) {
    Object.assign(htmx.config, { includeIndicatorStyles: false, allowEval: false, historyCacheSize: 0 });
  }

  function setDrawer(button, open) {
    document.getElementById(button.dataset.opens).classList.toggle("ui-open", open);
    button.setAttribute("aria-expanded", String(open));
  }

  document.addEventListener("click", (event) => {
    const button = document.querySelector("[data-opens]");
    if (button) {
      const drawer = document.getElementById(button.dataset.opens);
      if (button.contains(event.target)) setDrawer(button, !drawer.classList.contains("ui-open"));
      else if (!drawer.contains(event.target)) setDrawer(button, false);
    }
    for (const menu of document.querySelectorAll("details.ui-menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const button = document.querySelector("[data-opens][aria-expanded=true]");
    if (button) {
      setDrawer(button, false);
      button.focus();
    }
    for (const menu of document.querySelectorAll("details.ui-menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  // Copying needs a script, so its buttons are hidden without one.
  if (navigator.clipboard) for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    const label = button.getAttribute("aria-label");
    if (label === "Copied") return;
    const icon = button.querySelector("use");
    const drawn = icon.getAttribute("href");
    button.setAttribute("aria-label", "Copied");
    icon.setAttribute("href", drawn.replace("#copy", "#check"));
    window.setTimeout(() => {
      button.setAttribute("aria-label", label);
      icon.setAttribute("href", drawn);
    }, 1500);
  });

  document.addEventListener("change", (event) => {
    const all = event.target.closest("[data-select-all]");
    if (!all) return;
    const group = all.closest("[data-select-group]");
    const boxes = group
      ? group.querySelectorAll("input[type=checkbox]:not([data-select-all])")
      : all.closest("form").querySelectorAll("tbody input[type=checkbox]");
    for (const box of boxes) box.checked = all.checked;
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.hasAttribute("hx-post")) return; // htmx keeps its own count
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    // An answer that is a download leaves the page as it is: after a while it may go again.
    window.setTimeout(() => delete form.dataset.sent, 8000);
  });
  // Coming back with the browser's button shows the page as it was: its forms may go again.
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });

  // The current entry of a scrolling row of links is brought into view on narrow screens.
  for (const row of document.querySelectorAll(".ui-nav, .ui-tabs")) {
    const current = row.querySelector("[aria-current]");
    if (current && row.scrollWidth > row.clientWidth) row.scrollLeft = current.offsetLeft - row.offsetLeft - 24;
  }
  document.querySelector(".ui-sidebar-nav [aria-current]")?.scrollIntoView({ block: "nearest" });
})();
