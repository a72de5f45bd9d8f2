// Keys for people who would rather not reach for the mouse: "/" searches, "g" and a letter goes to
// a list, "?" shows them. Never while somebody types, and not at all when they are switched off.
(() => {
  const KEY = "shortcuts";
  const WAIT = 1500;
  let goUntil = 0;

  function isOn() {
    try {
      return window.localStorage.getItem(KEY) !== "off";
    } catch {
      return true; // storage may be switched off
    }
  }

  function switchTo(on) {
    try {
      window.localStorage.setItem(KEY, on ? "on" : "off");
    } catch {
      // not kept beyond this page
    }
  }

  function isTyping(target) {
    return target instanceof Element && target.closest("input, textarea, select, [contenteditable]") !== null;
  }

  function show() {
    const dialog = document.getElementById("shortcuts");
    if (!dialog || dialog.open) return;
    dialog.querySelector("[data-shortcuts-switch]").checked = isOn();
    dialog.showModal();
  }

  function closeFinder(finder) {
    const found = finder.querySelector("[role=region]");
    if (found) found.replaceChildren();
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-shows-shortcuts]")) show();
    for (const finder of document.querySelectorAll("[data-finder]")) {
      if (!finder.contains(event.target)) closeFinder(finder);
    }
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-shortcuts-switch]")) switchTo(event.target.checked);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const finder = event.target instanceof Element && event.target.closest("[data-finder]");
      if (finder) {
        closeFinder(finder);
        finder.querySelector("input").focus();
      }
      return;
    }
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (isTyping(event.target) || !isOn() || document.querySelector("dialog[open]")) return;
    if (Date.now() < goUntil) {
      goUntil = 0;
      const link = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
      if (link) {
        event.preventDefault();
        window.location.assign(link.href);
      }
    } else if (event.key === "/") {
      const box = [...document.querySelectorAll("[data-search-everything]")][0];
      if (!box) return;
      event.preventDefault();
      const menu = document.querySelector("[data-opens][aria-expanded=false]");
      if (menu && menu.offsetParent !== null) menu.click();
      box.focus();
      box.select();
    } else if (event.key === "?") {
      event.preventDefault();
      show();
    } else if (event.key === "g") {
      goUntil = Date.now() + WAIT;
    }
  });
})();
