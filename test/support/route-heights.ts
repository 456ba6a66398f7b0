/** Returns a script that opens and closes each of these routes, and returns `[id, height in pixels, statuses]` of each. */
export const heightsOf = (ids: readonly string[]) => `(async () => {
  const until = async (isSo) => {
    while (!isSo()) await new Promise(requestAnimationFrame);
  };
  const heights = [];
  for (const id of ${JSON.stringify(ids)}) {
    const route = document.getElementById(id);
    const click = () => route.querySelector('.opblock-summary-control').click();
    click();
    await until(() => route.querySelector('.responses-inner .response-col_status'));
    await new Promise(requestAnimationFrame);
    const statuses = [...route.querySelectorAll('tr.response')].map((row) => row.dataset.code);
    heights.push([id, route.getBoundingClientRect().height, statuses]);
    click();
    await until(() => !route.querySelector('.responses-inner'));
  }
  return heights;
})()`;
