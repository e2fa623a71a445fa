(function () {
  var root = document.documentElement, kept = null;
  try { kept = localStorage.getItem("vbanalysis-theme"); } catch (refused) { kept = null; }
  if (kept === "light" || kept === "dark") root.dataset.theme = kept;
  function isDark() {
    return root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  }
  document.addEventListener("DOMContentLoaded", function () {
    var button = document.getElementById("theme");
    function say() { button.textContent = isDark() ? "Light" : "Dark"; }
    button.hidden = false;
    say();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", say);
    button.addEventListener("click", function () {
      root.dataset.theme = isDark() ? "light" : "dark";
      try { localStorage.setItem("vbanalysis-theme", root.dataset.theme); } catch (refused) { return; } finally { say(); }
    });
  });
})();
