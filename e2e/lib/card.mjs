// What a payer does on the card page, by the words that are on it.

import { write } from "./browser.mjs";
import { eventually } from "./kassa.mjs";

/** Numbers of the simulated network, by what it does with them. */
export const cards = {
  approved: "4242 4242 4242 4242",
  declined: "4000 0000 0000 0002",
  challenged: "4000 0000 0000 3220",
  lateApproved: "4000 0000 0010 1008",
};

/** Fills the card form and does not send it. */
export async function fillCard(page, number, { expiry = "12 / 34", code = "123" } = {}) {
  await write(page.getByLabel("Card number"), number);
  await write(page.getByLabel("Expiry date"), expiry);
  await write(page.getByLabel("Security code"), code);
}

export const payButton = (page) => page.getByRole("button", { name: "Pay GHS 50.00" });

/** Fills the card form and sends it. */
export async function pay(page, number, details) {
  await fillCard(page, number, details);
  await payButton(page).click();
}

/** Goes on to the simulated bank, or lets the page go on by itself. */
export function toTheBank(page) {
  const onward = page.getByRole("link", { name: "Continue to your bank" });
  const button = page.getByRole("button", { name: "Approve" });
  // The step before may carry on at any moment, and take its link away from under the pointer.
  return eventually("the bank asks", async () => {
    if (await button.isVisible()) return true;
    if (await onward.isVisible()) await onward.click({ timeout: 2_000 }).catch(() => {});
    return false;
  });
}

/** At the simulated bank: says yes or no, by the name of the button. */
export async function answerChallenge(page, answer) {
  await toTheBank(page);
  await page.getByRole("button", { name: answer }).click();
}
