// Light, dark or as the device: set before the first paint, so that the page does not flash.
(() => {
  const KEY = "colours";
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;
  root.classList.add("js");

  function choice() {
    try {
      return window.localStorage.getItem(KEY) || "auto";
    } catch {
      return "auto"; // storage may be switched off
    }
  }

  function show() {
    const chosen = choice();
    const isDark = chosen === "dark" || (chosen === "auto" && dark.matches);
    if (chosen === "auto") root.removeAttribute("data-theme");
    else root.setAttribute("data-theme", chosen);
    root.classList.toggle("dark", isDark);
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === chosen));
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-choice]");
    if (!button) return;
    try {
      window.localStorage.setItem(KEY, button.dataset.themeChoice);
    } catch {
      // not kept, still shown on this page
    }
    show();
  });
  dark.addEventListener("change", show);
  document.addEventListener("DOMContentLoaded", show);
  show();
})();
