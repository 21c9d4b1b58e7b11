// Light or dark: as the system says, until the button says otherwise. Paper is always light.
(() => {
  "use strict";
  const root = document.documentElement, system = matchMedia("(prefers-color-scheme: dark)");
  const show = (dark) => {
    root.classList.toggle("dark", dark);
    dispatchEvent(new Event("theme"));
  };
  let chosen = null;
  show(system.matches);
  system.addEventListener("change", () => chosen === null && show(system.matches));
  addEventListener("beforeprint", () => show(false));
  addEventListener("afterprint", () => show(chosen ?? system.matches));
  document.addEventListener("click", (event) => {
    if (event.target.id === "look") show((chosen = !root.classList.contains("dark")));
  });
})();
