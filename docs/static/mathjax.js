// The widgets' manager expects MathJax 2: its queue is not needed, as labels here hold no formulas.
window.MathJax = {
  options: { enableMenu: false }, // the menu would load more, on demand
  startup: { ready() { MathJax.Hub = { Queue() {} }; MathJax.startup.defaultReady(); } },
};
