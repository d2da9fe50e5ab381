// Without scripts a waiting page is on its way to the next one all the time, and Chromium shows
// nothing to a driver meanwhile. No content as the answer lets such a page stay where it is.

import { eventually } from "./kassa.mjs";

const onward = /\/wait\?/;
const standing = new WeakSet(); // the pages whose document has been told to stay

/** Lets every waiting page stand still from now on. */
export function standStill(page) {
  page.on("framenavigated", () => standing.delete(page));
  return page.route(onward, async (route) => {
    await route.fulfill({ status: 204 });
    standing.add(page);
  });
}

/** Lets the page that stands still wait for news by itself again. */
export async function goOn(page) {
  // Let go before its document has asked, it would be held, and the navigation below with it.
  await eventually("the page stands still", () => standing.has(page));
  await page.unroute(onward);
  for (let tries = 0; ; tries += 1) {
    try {
      return await page.goto(page.url(), { waitUntil: "commit" });
    } catch (error) {
      // The page that was about to go somewhere by itself has ended a navigation of ours.
      if (tries === 4 || !/ERR_ABORTED|interrupted/.test(error.message)) throw error;
    }
  }
}
