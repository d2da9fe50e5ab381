// What a payer does who pays with PayTo, on our page and in the bank's app, by the words that are
// there.

import assert from "node:assert/strict";
import { press, write } from "./browser.mjs";
import { eventually } from "./kassa.mjs";

/** PayIDs and accounts of the simulated bank network, by what they do. */
export const accounts = {
  payid: "0412 345 678",
  email: "mira@example.com",
  noFunds: "0412 340 011",
  processing: "0412 340 024",
  unknown: "0412 340 005",
  bsb: "062-000",
  number: "1234 5678",
};

/** What a session asks for that can be paid with PayTo alone: A$49.95. */
export const payto = { amount: 4995, currency: "AUD", payment_method_types: ["payto"] };

/** The same as the first of a series of monthly payments. */
export const monthlyAUD = {
  ...payto,
  mandate: {
    amount: { exact: 4995 },
    recurrence: { unit: "month", month_days: [15] },
    time_zone: "Australia/Sydney",
    max_occurrences: 12,
  },
  customer_email: "mira@shop.example",
};

const heading = (page, name) => page.getByRole("heading", { level: 1, name }).waitFor();

/** Names the payer's account on the form and looks up whose it is. */
export async function name(page, { payid, bsb, account }) {
  if (payid) {
    await page.getByRole("radio", { name: "PayID" }).check();
    await write(page.getByLabel("PayID", { exact: true }).and(page.locator("[type=text]")), payid);
  } else {
    await page.getByRole("radio", { name: "BSB and account number" }).check();
    await write(page.getByLabel("BSB", { exact: true }), bsb);
    await write(page.getByLabel("Account number", { exact: true }), account);
  }
  await press(page.getByRole("button", { name: "Continue" }));
}

/** Sends the request to the payer's bank, once the account was shown. */
export async function send(page, who) {
  await name(page, who);
  await heading(page, "Is this your account?");
  await press(page.getByRole("button", { name: "Send the request to my bank" }));
  await heading(page, "Approve it in your bank");
}

/** Opens the help on the page that waits for the bank. News may just be exchanging that page. */
export function findHelp(page) {
  const help = page.getByText("It can take a minute to appear");
  const button = page.getByRole("button", { name: "I can’t find the request" });
  return eventually("the help is open", async () => {
    if (await help.isVisible()) return true;
    // Pressed twice it would close again.
    if ((await button.getAttribute("aria-expanded")) === "false") await press(button);
    return false;
  });
}

/** The app of the payers' banks, on the payer's phone. */
export class BankApp {
  /** Opens the app of one session's payer, or with no session that of everybody. */
  static async open(stage, session, options) {
    const app = new BankApp();
    app.payer = await stage.device(options);
    app.page = app.payer.page;
    app.address = session
      ? session.url.replace("/checkout/", "/sim/session/")
      : `${stage.kassa.origin}/sim/bank`;
    await app.look();
    return app;
  }

  look() {
    return this.page.goto(this.address);
  }

  /** Presses a button of the newest agreement. */
  async press(button) {
    const found = this.page.getByRole("button", { name: button, exact: true }).first();
    await eventually(`${button} in the bank's app`, async () => {
      if (await found.isVisible()) return true;
      await this.look();
      return false;
    });
    await found.click();
    await this.page.locator("p.notice").waitFor();
  }

  leave() {
    return this.payer.rest();
  }
}

/** The exact terms that an agreement in the bank's app shows, by their names. */
export async function terms(page) {
  const names = await page.locator("[id^=permit-] dt").allInnerTexts();
  const texts = await page.locator("[id^=permit-] dd").allInnerTexts();
  assert.equal(names.length, texts.length);
  return Object.fromEntries(names.map((each, i) => [each, texts[i]]));
}
